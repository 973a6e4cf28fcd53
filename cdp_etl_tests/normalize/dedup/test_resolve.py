"""Repeated keys in one dump: the last valid version is accepted (docs/records.md)."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize.dedup import key_spill, resolve
from cdp_etl_tests.normalize.harness import EMAIL, NOON_MS, Outcome, comment, ndjson, normalize


def contents(outcome: Outcome) -> dict[str, str]:
    return dict(outcome.accepted.select("comment_id", "content").iter_rows())


def test_the_last_delivered_wins_by_natural_order_of_the_path_then_position(tmp_path: Path) -> None:
    files = {
        "part-10.ndjson": ndjson(comment(1, content="in part 10")),
        "part-2.ndjson": ndjson(comment(1, content="in part 2"), comment(2, content="a"), comment(2, content="b")),
        "part-1.csv": b"commentId\n",
    }

    outcome = normalize(tmp_path, files)

    assert contents(outcome) == {"1": "in part 10", "2": "b"}
    assert outcome.superseded.select(
        "content", "source_file", "source_position", "by_file", "by_position"
    ).rows() == [
        ("in part 2", "part-2.ndjson", 1, "part-10.ndjson", 1),
        ("a", "part-2.ndjson", 2, "part-2.ndjson", 3),
    ]
    assert (outcome.dump.records_read, outcome.dump.accepted, outcome.dump.superseded) == (4, 2, 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"systemName": "A"}, {"systemName": "B"}, id="of another system"),
        pytest.param({"internalCompanyId": "1"}, {"internalCompanyId": None}, id="of another company"),
        pytest.param(
            {"internalCompanyId": "a|b", "systemName": "c"},
            {"internalCompanyId": "a", "systemName": "b|c"},
            id="whose parts only look the same together",
        ),
    ],
)
def test_a_record_with_the_same_id_may_be_another_one(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, **first), comment(1, **second))})

    assert outcome.dump.accepted == 2


def test_records_without_a_company_are_the_default_companys(tmp_path: Path) -> None:
    records = ndjson(comment(1, internalCompanyId="ORG"), comment(1))

    outcome = normalize(tmp_path, {"a.ndjson": records}, settings=NormalizationSettings(default_company="ORG"))

    assert (outcome.dump.accepted, outcome.accepted["company_id"].to_list()) == (1, ["ORG"])


def test_an_older_version_is_accepted_with_a_warning_if_a_newer_one_is_quarantined(tmp_path: Path) -> None:
    records = [
        comment(1, content="first"),
        comment(1, content="second", customerPhone="masked xxx"),
        comment(1, content=None),
        comment(2, content=None),
        comment(2, content="good"),
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)})

    warnings = dict(outcome.accepted.select("content", "warnings").iter_rows())
    assert warnings == {
        "second": ["customerPhone: not a dialable number", "newer version quarantined"],
        "good": [],
    }
    assert outcome.superseded["content"].to_list() == ["first"]
    assert outcome.dump.warning_counts == dict.fromkeys(warnings["second"], 1)
    assert (outcome.dump.with_warnings, outcome.dump.quarantined) == (1, 2)


def test_warnings_of_a_superseded_record_are_not_counted(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, customerPhone="xxx"), comment(1))})

    assert (outcome.dump.with_warnings, outcome.dump.warning_counts) == (0, {})


def test_a_deletion_needs_only_its_key_and_replaces_what_was_before(tmp_path: Path) -> None:
    deletion = {"systemName": "Website", "commentId": "1", "recordStatus": "deleted"}

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), deletion)})

    row = outcome.accepted.row(0, named=True)
    assert (row["record_status"], row["occurred_at"], row["activity_date"], row["identifiers"]) == (
        "Deleted", None, None, [],
    )  # fmt: skip # one row
    assert outcome.dump.superseded == 1


def texts(**fields: str) -> dict[str, Any]:
    return {"customFieldTexts": fields}


def test_ignored_custom_fields_keep_the_value_of_earlier_versions_of_the_dump(tmp_path: Path) -> None:
    records = [
        comment(1, **texts(a="old", b="old")),
        comment(1, **texts(a="new", b="new"), ignoredUpdateCfs=["a", "c"]),
        comment(2, **texts(a="alone"), ignoredUpdateCfs=["a"]),
        comment(3, **texts(a="old"), ignoredUpdateCfs=["a"]),
        comment(3, **texts(a="new")),
        comment(4, **texts(a="old"), ignoredUpdateCfs=["a", "b"]),
        comment(4, **texts(a="new", b="new"), ignoredUpdateCfs=["b"]),
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)}, batch_bytes=700)

    folded = outcome.accepted.select("comment_id", "folded_custom_fields", "folded_ignored_update_cfs")
    assert folded.sort("comment_id").rows() == [
        ("1", '{"customFieldTexts":{"a":"old","b":"new"}}', []),
        ("2", None, None),
        ("3", None, None),
        ("4", '{"customFieldTexts":{"a":"new"}}', ["b"]),
    ]
    delivered = outcome.accepted.filter(pl.col("comment_id") == "1")["custom_fields"].item()
    assert delivered == '{"customFieldTexts":{"a":"new","b":"new"}}'


def test_an_entity_without_ignored_custom_fields_folds_nothing(tmp_path: Path) -> None:
    record = {
        "id": "1",
        "email": "a@example.com",
        "serviceProvider": "Brevo",
        "eventAt": NOON_MS,
        "event": "opened",
        "actionAt": NOON_MS,
        "ignoredUpdateCfs": ["a"],
    }
    versions_ = ndjson(record | texts(a="old"), record | texts(a="new"))

    outcome = normalize(tmp_path, {"a.ndjson": versions_}, entity=EMAIL)

    assert outcome.accepted.select("custom_fields", "folded_custom_fields").rows() == [
        ('{"customFieldTexts":{"a":"new"}}', None)
    ]


def test_keys_spilled_to_disk_are_resolved_as_keys_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = ndjson(*(comment(n % 40, content=f"{n}") for n in range(100)), comment(7, content=None))
    in_memory = normalize(tmp_path / "in_memory", {"a.ndjson": records}, batch_bytes=2_000)
    monkeypatch.setattr(key_spill, "_MAX_KEYS_IN_MEMORY", 10)
    monkeypatch.setattr(resolve, "_MAX_GROUP_ENTRIES", 5)

    spilled = normalize(tmp_path / "spilled", {"a.ndjson": records}, batch_bytes=2_000)

    assert contents(in_memory) == {str(n % 40): str(n) for n in range(100)}
    assert spilled.accepted.equals(in_memory.accepted)
    assert spilled.superseded.equals(in_memory.superseded)
    assert spilled.dump.warning_counts == in_memory.dump.warning_counts == {"newer version quarantined": 1}

"""Placeholders are neither customer keys nor identifiers, on both paths, and count as present."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.placeholders import DEFAULT_PLACEHOLDERS
from cdp_etl_tests.normalize.harness import EMAIL, NOON_MS, comment, ndjson, normalize

BY_BOTH_PATHS = pytest.mark.parametrize(
    "custom_fields",
    [pytest.param({}, id="fast path"), pytest.param("not an object", id="reference path")],
)


@BY_BOTH_PATHS
@pytest.mark.parametrize(
    "customer_id",
    ["null", "NULL", r"\N", "none", "NaN", "n/a", "N/A", "undefined", "Guest", "anonymous", "Unknown", "-1", "0",
     "0000"],
)  # fmt: skip # one list, not one a line
def test_a_placeholder_of_a_customer_id_is_no_identifier(
    tmp_path: Path, custom_fields: Any, customer_id: str
) -> None:
    record = comment(1, customerId=customer_id, customerPhone="0912345678", customerEmail="a@example.com")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(record | {"customFieldTexts": custom_fields})})

    row = outcome.accepted.row(0, named=True)
    assert (row["customer_id"], row["customer_key"]) == (customer_id, "e:a@example.com")
    assert row["identifiers"] == ["e:a@example.com", "p:+84912345678"]
    assert row["placeholders"] == [f"c:{customer_id.lower()}"]


@pytest.mark.parametrize("customer_id", ["nullable", "10", "guest1", "-10", "KH0", "unknown user"])
def test_other_customer_ids_are_identifiers(tmp_path: Path, customer_id: str) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, customerId=customer_id))})

    row = outcome.accepted.row(0, named=True)
    assert (row["customer_key"], row["placeholders"]) == (f"c:{customer_id}", None)


@BY_BOTH_PATHS
def test_a_placeholder_of_a_contact_is_no_identifier_and_warned_of(tmp_path: Path, custom_fields: Any) -> None:
    records = [
        comment(1, customerId="KH1", customerPhone="0000000000", customerEmail="NoEmail@shop.vn"),
        comment(2, customerId="KH2", customerPhone="000 000-0000", customerEmail="test@test.com"),
        comment(3, customerId="KH3", customerPhone="0999999999", customerEmail="a@example.com"),
    ]

    outcome = normalize(
        tmp_path, {"a.ndjson": ndjson(*(record | {"customFieldTexts": custom_fields} for record in records))}
    )

    rows = outcome.accepted.rows(named=True)
    assert [row["identifiers"] for row in rows] == [
        ["c:KH1"],
        ["c:KH2"],
        ["c:KH3", "e:a@example.com", "p:+84999999999"],
    ]
    assert [row["placeholders"] for row in rows] == [
        ["p:0000000000", "e:noemail@shop.vn"],
        ["p:000 000-0000", "e:test@test.com"],
        None,
    ]
    warnings = ["customerPhone: placeholder", "customerEmail: placeholder"]
    assert [row["warnings"][-2:] for row in rows[:2]] == [warnings, warnings]
    assert rows[0]["customer_email"] == "NoEmail@shop.vn"


def test_a_record_of_placeholders_alone_is_accepted_and_has_no_customer_key(tmp_path: Path) -> None:
    record = comment(1, customerId="guest", customerPhone="0", customerEmail="noemail@example.com")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(record)})

    row = outcome.accepted.row(0, named=True)
    assert (row["customer_key"], row["identifiers"]) == (None, [])
    assert row["placeholders"] == ["c:guest", "p:0", "e:noemail@example.com"]


def test_a_setting_adds_placeholders_of_each_kind(tmp_path: Path) -> None:
    added = frozenset({"c:khách lẻ", "e:*@shop.example", "p:0900000000"})
    settings = NormalizationSettings(placeholders=DEFAULT_PLACEHOLDERS | added)
    records = [
        comment(1, customerId="KHÁCH LẺ", customerPhone="+84 900 000 000", customerEmail="x@shop.example"),
        comment(2, customerId="guest", customerPhone="0912345678", customerEmail="x@shop.example.vn"),
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)}, settings=settings)

    assert outcome.accepted["identifiers"].to_list() == [[], ["e:x@shop.example.vn", "p:+84912345678"]]
    assert outcome.accepted["placeholders"].to_list() == [
        ["c:khách lẻ", "p:+84900000000", "e:x@shop.example"],
        ["c:guest"],
    ]


def test_the_scope_of_customer_ids_does_not_matter(tmp_path: Path) -> None:
    settings = NormalizationSettings(customer_id_scope="system")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, customerId="0"))}, settings=settings)

    assert not any(identifier.startswith("c:") for identifier in outcome.accepted["identifiers"][0])
    assert outcome.accepted["placeholders"].to_list() == [["c:0"]]


def test_an_event_of_a_placeholder_has_no_recipient(tmp_path: Path) -> None:
    event = {
        "id": "1",
        "email": "noemail@shop.vn",
        "serviceProvider": "Brevo",
        "event": "opened",
        "eventAt": NOON_MS,
        "actionAt": NOON_MS,
    }

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(event)}, entity=EMAIL)

    row = outcome.accepted.row(0, named=True)
    assert (row["customer_key"], row["identifiers"], row["email"]) == (None, [], "noemail@shop.vn")


def test_placeholders_are_part_of_the_fingerprint_of_the_rules() -> None:
    more = NormalizationSettings(placeholders=DEFAULT_PLACEHOLDERS | {"c:walk-in"})

    assert more.fingerprint() != NormalizationSettings().fingerprint()


def test_the_column_is_null_in_a_dump_without_placeholders(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), comment(2))})

    assert outcome.accepted.schema["placeholders"] == pl.List(pl.String())
    assert outcome.accepted["placeholders"].null_count() == 2

"""Ids and contacts: invisible marks, what spreadsheets write around them and cut from them."""

import json
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import without_invisible_marks
from cdp_etl.entities import ENTITIES
from cdp_etl_tests.normalize.harness import ACTIVITY, COMMENT, NOON_MS, comment, ndjson, normalize
from cdp_etl_tests.normalize.paths import assert_paths_agree, decoded


def activity(**changes: Any) -> dict[str, Any]:
    return (
        comment(1) | {"actionId": "1", "action": "View", "actionAt": NOON_MS, "productCategoryId": "C1"} | changes
    )


def csv(*records: dict[str, Any]) -> bytes:
    rows = [list(records[0]), *(record.values() for record in records)]
    quoted = [",".join('"' + str(value).replace('"', '""') + '"' for value in row) for row in rows]
    return "\n".join(quoted).encode()


@pytest.mark.parametrize("entity", ENTITIES, ids=[entity.name for entity in ENTITIES])
def test_every_field_that_is_called_an_id_is_declared_as_one(entity: Entity) -> None:
    for field in entity.fields:
        if field.column.type is ContractType.STRING and field.name.split("_")[-1] in {"id", "sku", "tid", "cid"}:
            assert field.column.is_id, field.name
    assert all(entity.by_contract_name[name].column.is_id for name in entity.key_fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("KH1\u200b", "KH1", id="zero width"),
        pytest.param("\ufeffKH1", "KH1", id="byte order mark"),
        pytest.param("K\u202aH\u202c1", "KH1", id="direction"),
        pytest.param(" \u2066 KH1\u2069 ", "KH1", id="white space inside marks"),
        pytest.param("\u200dKH1\u200c", "KH1", id="joiners at the edges"),
        pytest.param("K\u200dH1", "K\u200dH1", id="a joiner inside a word"),
        pytest.param("\u200b", "", id="nothing left"),
    ],
)
def test_invisible_marks_are_removed_from_ids(text: str, expected: str) -> None:
    assert without_invisible_marks(text) == expected


def test_an_id_with_marks_is_the_same_id_and_its_change_is_warned_of(tmp_path: Path) -> None:
    marked = {"customerId": "KH1\u200b", "customerPhone": "\u202a0912345678\u202c", "title": "a\u200bb"}
    records = [comment("1"), comment("\u200b1", **marked)]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)})

    (row,) = outcome.accepted.iter_rows(named=True)
    assert outcome.dump.superseded == 1
    assert (row["comment_id"], row["customer_id"], row["customer_phone"]) == ("1", "KH1", "0912345678")
    assert row["title"] == "a\u200bb"
    assert row["warnings"] == [
        f"{name}: invisible marks removed" for name in ("commentId", "customerId", "customerPhone")
    ]


def test_an_id_of_nothing_but_marks_is_absent(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment("\u200b\ufeff"))})

    assert outcome.reasons == [["commentId: required"]]


def test_a_deletion_with_a_mark_in_its_id_supersedes_the_record_even_if_it_is_quarantined(tmp_path: Path) -> None:
    """The key of a quarantined record has no marks either."""
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment("1"), comment("1\u200b", commentedAt="never"))})

    assert outcome.accepted["warnings"].to_list() == [["newer version quarantined"]]


@pytest.mark.parametrize(
    ("field", "cell", "stored"),
    [
        pytest.param("commentId", '="00123"', "00123", id="a formula"),
        pytest.param("content", '="say ""x"""', 'say "x"', id="a formula in any field"),
        pytest.param("customerId", "'00123", "00123", id="an apostrophe before a digit"),
        pytest.param("customerPhone", "'+84912345678", "+84912345678", id="an apostrophe before a phone"),
        pytest.param("customerId", '\'="00123"', "00123", id="both"),
    ],
)
def test_what_a_spreadsheet_writes_around_a_cell_is_removed(
    tmp_path: Path, field: str, cell: str, stored: str
) -> None:
    outcome = normalize(tmp_path, {"a.csv": csv(comment(1, **{field: cell}))})

    (row,) = outcome.accepted.iter_rows(named=True)
    assert row[COMMENT.by_contract_name[field].name] == stored
    assert row["warnings"] == [f"{field}: written for a spreadsheet"]


@pytest.mark.parametrize(
    ("name", "field", "text"),
    [
        pytest.param("a.csv", "customerId", "'tis", id="an apostrophe before a letter"),
        pytest.param("a.csv", "customerName", "'007", id="an apostrophe in a name"),
        pytest.param("a.csv", "content", '="a" & "b"', id="another formula"),
        pytest.param("a.ndjson", "commentId", '="00123"', id="JSON"),
    ],
)
def test_other_texts_are_stored_as_delivered(tmp_path: Path, name: str, field: str, text: str) -> None:
    record = comment(1, **{field: text})

    outcome = normalize(tmp_path, {name: csv(record) if name == "a.csv" else ndjson(record)})

    (row,) = outcome.accepted.iter_rows(named=True)
    assert row[COMMENT.by_contract_name[field].name] == text
    assert row["warnings"] == []


def test_ids_cut_by_a_spreadsheet_are_kept_with_a_warning(tmp_path: Path) -> None:
    records = [
        comment("1.06326E+17", customerId="12345.0"),
        comment("E+1", customerId="v1.0", productSku="1.50"),
        comment("1e+17", customerId="1.5e+20"),
    ]

    outcome = normalize(tmp_path, {"a.csv": csv(*records)})

    assert outcome.accepted["comment_id"].to_list() == ["1.06326E+17", "E+1", "1e+17"]
    fact = "looks like a number that a spreadsheet cut"
    both = [f"commentId: {fact}", f"customerId: {fact}"]
    assert outcome.accepted["warnings"].to_list() == [both, [], both]


def test_negative_quantities_and_free_purchases_are_warned_of(tmp_path: Path) -> None:
    records = [
        activity(actionId="1", quantity=-1, price=5),
        activity(actionId="2", action="PURCHASE", price=0),
        activity(actionId="3", action="View", price=0, quantity=0),
        activity(actionId="4", action="Đặt hàng", price=0),
        activity(actionId="5", action="order completed", price=0),
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)}, entity=ACTIVITY)

    free = ["price: zero for a purchase"]
    assert outcome.accepted["warnings"].to_list() == [["quantity: negative"], free, [], free, free]


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv"])
def test_the_fast_path_leaves_only_odd_ids_to_the_reference_path(name: str) -> None:
    good, odd = (comment(key, customerName="O'Brien", title="a\u200bb") for key in ("1", "2\u200b"))
    content = csv(good, odd) if name == "a.csv" else ndjson(good, odd)

    (batch,) = decoded(COMMENT, name, content)

    assert assert_paths_agree(COMMENT, batch) == 1


@pytest.mark.parametrize("mark", [*"\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff"])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_both_paths_find_every_mark(mark: str, *, is_escaped: bool) -> None:
    """The search for the first bytes of a mark must find all of them, also if they are escaped."""
    line = json.dumps(comment(f"1{mark}"), ensure_ascii=is_escaped).encode()

    (batch,) = decoded(COMMENT, "a.ndjson", line)

    assert assert_paths_agree(COMMENT, batch) == 0


def test_a_mark_in_the_source_of_a_payload_is_removed_too(tmp_path: Path) -> None:
    entries = [comment(number, systemName=None) for number in range(200)]
    payload = json.dumps({"source": "Web\u200b", "entries": entries}, ensure_ascii=False).encode()

    outcome = normalize(tmp_path, {"a.json": payload}, batch_bytes=1024)

    assert set(outcome.accepted["system_name"]) == {"Web"}

"""The ledger: every attempt has its row, and the load in place can be told from the newest attempt."""

import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.warehouse import Warehouse, is_loaded, ledger, record_attempt
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.dumps import COMMENT, EMAIL
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records, rows, write_lake


def test_a_load_writes_what_it_read_and_did(warehouse: Warehouse) -> None:
    dump = write_lake(
        warehouse.path.parent,
        1,
        [comment("1", warnings=["email: not a valid address"])],
        quarantined=1,
        superseded=1,
    )

    result = load(warehouse, dump)

    row = ledger(warehouse).row(0, named=True)
    assert {name: row[name] for name in ("entity", "status", "reason", "files", "bytes", "run_id")} == {
        "entity": "customer_product_comment",
        "status": "loaded",
        "reason": None,
        "files": 1,
        "bytes": 100,
        "run_id": "run-1",
    }
    counts = (
        "records_read",
        "accepted",
        "superseded",
        "quarantined",
        "with_warnings",
        "changed_keys",
        "restored_versions",
    )
    assert [row[count] for count in counts] == [3, 1, 1, 1, 1, 1, 0]
    assert (row["load_id"], row["load_seq"]) == (result.load_id, result.load_seq)
    assert row["content_fingerprint"] == dump.content_fingerprint
    assert row["started_at"] <= row["finished_at"]


def test_the_ledger_tells_the_newest_attempt_and_the_load_in_place(warehouse: Warehouse) -> None:
    loaded = load_records(warehouse, 1, [comment("1")])
    load_seq = record_attempt(warehouse, COMMENT, day(1), "failed", "The zone does not answer.", run_id="run-2")

    columns = ["status", "reason", "load_seq", "run_id", "loaded_load_seq", "loaded_accepted"]
    assert ledger(warehouse).select(columns).rows() == [
        ("failed", "The zone does not answer.", load_seq, "run-2", loaded.load_seq, 1)
    ]


@pytest.mark.parametrize("status", ["refused", "failed", "empty"])
def test_an_attempt_that_loaded_nothing_leaves_what_was_loaded(warehouse: Warehouse, status: str) -> None:
    load_records(warehouse, 1, [comment("1")])

    record_attempt(warehouse, COMMENT, day(1), status, "Nothing came.")  # type: ignore[arg-type] # parametrized text

    assert len(rows(warehouse, "FROM staging.customer_product_comment_current")) == 1
    assert ledger(warehouse)["loaded_accepted"].to_list() == [1]


def test_a_dump_never_loaded_has_nothing_in_place(warehouse: Warehouse) -> None:
    record_attempt(warehouse, COMMENT, day(1), "empty", "There were no files.")

    assert ledger(warehouse).select("status", "loaded_load_seq").rows() == [("empty", None)]


def test_the_ledger_is_narrowed_by_entity_and_dates(warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        record_attempt(warehouse, COMMENT, day(number), "empty", "There were no files.")
    record_attempt(warehouse, EMAIL, day(2), "empty", "There were no files.")

    assert ledger(warehouse, COMMENT, day(2), day(3))["dump_date"].to_list() == [day(2), day(3)]
    assert ledger(warehouse, last=day(2)).height == 3


def test_sequence_numbers_rise_over_all_entities_and_statuses(warehouse: Warehouse) -> None:
    first = load_records(warehouse, 1, [comment("1")]).load_seq
    second = record_attempt(warehouse, EMAIL, day(1), "refused", "No.")
    third = load_records(warehouse, 2, [comment("1")]).load_seq

    assert [first, second, third] == [1, 2, 3]


def test_is_loaded_speaks_of_the_content_in_place(warehouse: Warehouse) -> None:
    a = write_lake(warehouse.path.parent, 1, [comment("a")])
    b = write_lake(warehouse.path.parent, 1, [comment("b")])

    assert not is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)
    load(warehouse, a)
    assert is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)
    assert not is_loaded(warehouse, COMMENT, day(2), a.content_fingerprint)
    assert not is_loaded(warehouse, BY_NAME["customer-product-review"], day(1), a.content_fingerprint)
    load(warehouse, b)
    assert not is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)


def test_nothing_is_loaded_where_there_is_no_warehouse(warehouse: Warehouse) -> None:
    elsewhere = at(warehouse.path.with_name("other.duckdb"))

    assert not is_loaded(elsewhere, COMMENT, day(1), "a")


def test_the_files_of_a_dump_are_those_loaded_now(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")], fingerprint="first")
    load_records(warehouse, 1, [comment("2")], fingerprint="second")

    assert rows(warehouse, "SELECT entity, dump_date, path, bytes, sha256 FROM ops.dump_file") == [
        ("customer_product_comment", day(1), "part-1.ndjson", 100, "second")
    ]

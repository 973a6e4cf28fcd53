"""Load ledger: one row per attempt, the load in place, rejection counts, references to the lake."""

from dataclasses import replace
from pathlib import Path

import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.warehouse import Warehouse, is_loaded, ledger, load_dump, record_attempt, referenced_outputs
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.dumps import COMMENT, EMAIL, Dump, File
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records, rows, write_lake

REASONS_BY_DAY = "SELECT dump_date, field, reason, count, records_read, status FROM ops.quarantine_reason"


def test_a_load_writes_its_counts(warehouse: Warehouse) -> None:
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


def test_the_findings_about_the_files_of_a_loaded_dump_are_in_the_ledger(warehouse: Warehouse) -> None:
    dump = replace(
        write_lake(warehouse.path.parent, 1, [comment("1")]),
        findings=("a.csv: the delimiter is ';'", "b.csv: UTF-16"),
    )

    load(warehouse, dump)

    assert ledger(warehouse)["reason"].to_list() == ["a.csv: the delimiter is ';'; b.csv: UTF-16."]


def test_the_ledger_has_the_newest_attempt_and_the_load_in_place(warehouse: Warehouse) -> None:
    loaded = load_records(warehouse, 1, [comment("1")])
    load_seq = record_attempt(warehouse, COMMENT, day(1), "failed", "The zone does not answer.", run_id="run-2")

    columns = ["status", "reason", "load_seq", "run_id", "loaded_load_seq", "loaded_accepted"]
    assert ledger(warehouse).select(columns).rows() == [
        ("failed", "The zone does not answer.", load_seq, "run-2", loaded.load_seq, 1)
    ]


@pytest.mark.parametrize("status", ["refused", "failed", "missing"])
def test_an_attempt_that_loaded_nothing_leaves_the_load_in_place(warehouse: Warehouse, status: str) -> None:
    load_records(warehouse, 1, [comment("1")])

    record_attempt(warehouse, COMMENT, day(1), status, "Nothing came.")  # type: ignore[arg-type] # parametrized text

    assert len(rows(warehouse, "FROM staging.customer_product_comment_current")) == 1
    assert ledger(warehouse)["loaded_accepted"].to_list() == [1]


def test_a_dump_never_loaded_has_nothing_in_place(warehouse: Warehouse) -> None:
    record_attempt(warehouse, COMMENT, day(1), "missing", "There were no files.")

    assert ledger(warehouse).select("status", "loaded_load_seq").rows() == [("missing", None)]


def test_the_ledger_is_filtered_by_entity_and_dates(warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        record_attempt(warehouse, COMMENT, day(number), "missing", "There were no files.")
    record_attempt(warehouse, EMAIL, day(2), "missing", "There were no files.")

    assert ledger(warehouse, COMMENT, day(2), day(3))["dump_date"].to_list() == [day(2), day(3)]
    assert ledger(warehouse, last=day(2)).height == 3


def test_sequence_numbers_ascend_over_all_entities_and_statuses(warehouse: Warehouse) -> None:
    first = load_records(warehouse, 1, [comment("1")]).load_seq
    second = record_attempt(warehouse, EMAIL, day(1), "refused", "No.")
    third = load_records(warehouse, 2, [comment("1")]).load_seq

    assert [first, second, third] == [1, 2, 3]


def test_is_loaded_compares_with_the_content_in_place(warehouse: Warehouse) -> None:
    a = write_lake(warehouse.path.parent, 1, [comment("a")])
    b = write_lake(warehouse.path.parent, 1, [comment("b")])

    assert not is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)
    load(warehouse, a)
    assert is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)
    assert not is_loaded(warehouse, COMMENT, day(2), a.content_fingerprint)
    assert not is_loaded(warehouse, BY_NAME["customer-product-review"], day(1), a.content_fingerprint)
    load(warehouse, b)
    assert not is_loaded(warehouse, COMMENT, day(1), a.content_fingerprint)


def test_nothing_is_loaded_if_there_is_no_warehouse(warehouse: Warehouse) -> None:
    elsewhere = at(warehouse.path.with_name("other.duckdb"))

    assert not is_loaded(elsewhere, COMMENT, day(1), "a")


def test_the_files_of_a_dump_are_those_of_the_load_in_place(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")], fingerprint="first")
    load_records(warehouse, 1, [comment("2")], fingerprint="second")

    assert rows(warehouse, "SELECT entity, dump_date, path, bytes, sha256 FROM ops.dump_file") == [
        ("customer_product_comment", day(1), "part-1.ndjson", 100, "second")
    ]


def quarantining(warehouse: Warehouse, number: int, quarantined: int) -> Dump:
    """Return a dump of four valid comments and some quarantined ones."""
    return write_lake(
        warehouse.path.parent / "lake",
        number,
        [comment(f"{number}-{n}") for n in range(4)],
        quarantined=quarantined,
    )


def test_reasons_are_counted_per_field_for_each_dump(warehouse: Warehouse) -> None:
    load(warehouse, quarantining(warehouse, 1, 1))
    load(warehouse, quarantining(warehouse, 2, 2))

    assert rows(warehouse, REASONS_BY_DAY) == [
        (day(1), "actionId", "actionId: required", 1, 5, "loaded"),
        (day(2), "actionId", "actionId: required", 2, 6, "loaded"),
    ]


def test_reasons_are_those_of_the_records_in_quarantine(warehouse: Warehouse) -> None:
    for number in (1, 2):
        load(warehouse, quarantining(warehouse, number, number))

    assert rows(warehouse, "SELECT entity, dump_date, reason, count FROM ops.quarantine_reason") == rows(
        warehouse,
        "SELECT entity, dump_date, reason, count(*) FROM"
        " (SELECT entity, dump_date, unnest(reasons) AS reason FROM staging.quarantine) GROUP BY ALL",
    )


def test_a_refused_dump_has_its_reasons_too(warehouse: Warehouse) -> None:
    load(warehouse, quarantining(warehouse, 1, 1))
    load(warehouse, quarantining(warehouse, 1, 9))

    assert rows(warehouse, REASONS_BY_DAY) == [(day(1), "actionId", "actionId: required", 9, 13, "refused")]


def test_a_corrected_dump_has_its_former_reasons_in_the_ledger_only(warehouse: Warehouse) -> None:
    load(warehouse, quarantining(warehouse, 1, 2))
    load_records(warehouse, 1, [comment("1")])

    assert rows(warehouse, REASONS_BY_DAY) == []
    assert rows(
        warehouse, "SELECT load_seq, record_count FROM ops.rejection_count JOIN ops.load USING (load_id)"
    ) == [(1, 2)]


def test_reasons_of_a_load_in_place_again_after_a_refusal_are_current(warehouse: Warehouse) -> None:
    good = quarantining(warehouse, 1, 1)
    load(warehouse, good)
    load(warehouse, quarantining(warehouse, 1, 9))

    assert load(warehouse, good).status == "unchanged"
    assert rows(warehouse, REASONS_BY_DAY) == [(day(1), "actionId", "actionId: required", 1, 5, "loaded")]


def test_a_record_with_two_reasons_counts_for_each(warehouse: Warehouse) -> None:
    dump = replace(
        quarantining(warehouse, 1, 1), reasons={"a: required": 1, "customerPhone/b: one is required": 1}
    )
    load_dump(warehouse, COMMENT, dump, [File("part-1.ndjson")], max_quarantine_rate=0.5, force=False, run_id=None)

    assert rows(warehouse, "SELECT field, count FROM ops.quarantine_reason") == [("a", 1), ("customerPhone/b", 1)]


def test_load_in_place_and_newest_normalized_attempt_of_each_dump_are_referenced(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """The second dump of the first day is refused: it is the newest, and the first load stays in place."""
    replaced, in_place, refused, other = (
        write_lake(tmp_path / name, number, [comment(name)], quarantined=quarantined)
        for name, number, quarantined in (("a", 1, 0), ("b", 1, 0), ("c", 1, 9), ("d", 2, 0))
    )
    for dump in (replaced, in_place, refused, other):
        load(warehouse, dump)

    record_attempt(warehouse, COMMENT, day(1), "failed", "The zone does not answer.")

    assert referenced_outputs(warehouse) == {
        (COMMENT.table, day(1), in_place.content_fingerprint),
        (COMMENT.table, day(1), refused.content_fingerprint),
        (COMMENT.table, day(2), other.content_fingerprint),
    }


def test_nothing_is_referenced_if_there_is_no_warehouse(warehouse: Warehouse) -> None:
    assert referenced_outputs(warehouse) == set()

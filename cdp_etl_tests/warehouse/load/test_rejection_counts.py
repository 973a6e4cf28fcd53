"""The reasons of refused records in the ledger: per field, over time, and as staging holds them."""

from dataclasses import replace

from cdp_etl.warehouse import Warehouse, load_dump
from cdp_etl_tests.warehouse.dumps import COMMENT, Dump, File
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records, rows, write_lake

BY_DAY = "SELECT dump_date, field, reason, count, records_read, status FROM ops.quarantine_reason"


def refused_for(warehouse: Warehouse, number: int, quarantined: int) -> Dump:
    """Give a dump of four good comments and some that are refused."""
    return write_lake(
        warehouse.path.parent / "lake",
        number,
        [comment(f"{number}-{n}") for n in range(4)],
        quarantined=quarantined,
    )


def test_reasons_are_counted_per_field_for_each_dump(warehouse: Warehouse) -> None:
    load(warehouse, refused_for(warehouse, 1, 1))
    load(warehouse, refused_for(warehouse, 2, 2))

    assert rows(warehouse, BY_DAY) == [
        (day(1), "actionId", "actionId: required", 1, 5, "loaded"),
        (day(2), "actionId", "actionId: required", 2, 6, "loaded"),
    ]


def test_they_are_those_of_the_records_in_quarantine(warehouse: Warehouse) -> None:
    for number in (1, 2):
        load(warehouse, refused_for(warehouse, number, number))

    assert rows(warehouse, "SELECT entity, dump_date, reason, count FROM ops.quarantine_reason") == rows(
        warehouse,
        "SELECT entity, dump_date, reason, count(*) FROM"
        " (SELECT entity, dump_date, unnest(reasons) AS reason FROM staging.quarantine) GROUP BY ALL",
    )


def test_a_dump_that_is_refused_as_a_whole_has_its_reasons_too(warehouse: Warehouse) -> None:
    load(warehouse, refused_for(warehouse, 1, 1))
    load(warehouse, refused_for(warehouse, 1, 9))

    assert rows(warehouse, BY_DAY) == [(day(1), "actionId", "actionId: required", 9, 13, "refused")]


def test_a_dump_that_was_mended_has_its_former_reasons_in_the_ledger_alone(warehouse: Warehouse) -> None:
    load(warehouse, refused_for(warehouse, 1, 2))
    load_records(warehouse, 1, [comment("1")])

    assert rows(warehouse, BY_DAY) == []
    assert rows(
        warehouse, "SELECT load_seq, record_count FROM ops.rejection_count JOIN ops.load USING (load_id)"
    ) == [(1, 2)]


def test_what_is_in_place_again_after_a_refusal_is_told_again(warehouse: Warehouse) -> None:
    good = refused_for(warehouse, 1, 1)
    load(warehouse, good)
    load(warehouse, refused_for(warehouse, 1, 9))

    assert load(warehouse, good).status == "unchanged"
    assert rows(warehouse, BY_DAY) == [(day(1), "actionId", "actionId: required", 1, 5, "loaded")]


def test_a_record_with_two_reasons_counts_for_each(warehouse: Warehouse) -> None:
    dump = replace(refused_for(warehouse, 1, 1), reasons={"a: required": 1, "customerPhone/b: one is required": 1})
    load_dump(warehouse, COMMENT, dump, [File("part-1.ndjson")], max_quarantine_rate=0.5, force=False, run_id=None)

    assert rows(warehouse, "SELECT field, count FROM ops.quarantine_reason") == [("a", 1), ("customerPhone/b", 1)]

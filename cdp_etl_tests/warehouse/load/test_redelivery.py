"""Difference of a redelivery from the previous load, in the result of the load and in the ledger."""

from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import (
    BOOLEAN,
    DOUBLE,
    INTEGER,
    JSON,
    TEXT,
    TEXT_LIST,
    TIMESTAMP,
    contract_columns,
)
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import LoadResult, Warehouse, ledger, load_dump
from cdp_etl_tests.warehouse.dumps import COMMENT, File, record, write_dump
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records, rows, write_lake

NOTE = '{"customFieldTexts":{"a":"1"}}'

OF_TYPE = {
    TEXT: "Tấm lòng",
    JSON: '{"a":1}',
    INTEGER: 1 << 40,
    DOUBLE: 0.1,
    BOOLEAN: True,
    TIMESTAMP: datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    TEXT_LIST: ["a", "b"],
}


def deliver(warehouse: Warehouse, files: dict[str, str]) -> LoadResult:
    """Load a dump of one comment, made of files of the given paths and hashes."""
    dump = write_lake(warehouse.path.parent / "lake", 1, [comment("1")], fingerprint=f"{files}")
    delivered = [File(path, sha256=sha256) for path, sha256 in files.items()]
    return load_dump(warehouse, COMMENT, dump, delivered, max_quarantine_rate=0.5, force=False, run_id=None)


def records_of(result: LoadResult) -> tuple[int, ...]:
    """Return the number of records added, changed and removed."""
    assert result.difference is not None
    return astuple(result.difference)[3:]


def test_in_a_first_load_everything_is_added(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])

    result = load_records(warehouse, 2, [comment("1"), comment("2")])

    assert result.difference is not None
    assert astuple(result.difference) == (1, 0, 0, 2, 0, 0)


def test_records_are_compared_with_the_previous_load_of_the_same_date(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment(own_id, title="first") for own_id in "12345"])
    load_records(warehouse, 2, [comment("1", title="another day")])

    result = load_records(
        warehouse,
        1,
        [comment("1", title="first"), comment("2", title="new"), comment("3", title=None), comment("6")],
    )

    assert records_of(result) == (1, 2, 2)


def test_files_are_compared_by_path_and_bytes(warehouse: Warehouse) -> None:
    deliver(warehouse, {"a.csv": "1", "b.csv": "2", "c.csv": "3"})

    result = deliver(warehouse, {"b.csv": "2", "c.csv": "4", "d.csv": "5", "e.csv": "6"})

    assert result.difference is not None
    assert astuple(result.difference)[:3] == (2, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"custom_fields": '{"customFieldTexts":{"a":"2"}}'}, id="custom fields"),
        pytest.param({"extra_fields": '{"a":1}'}, id="keys that the contract does not list"),
        pytest.param({"occurred_at": datetime(2026, 1, 2, tzinfo=UTC), "record_status": "Deleted"}, id="status"),
    ],
)
def test_another_delivered_value_is_a_changed_record(warehouse: Warehouse, change: dict[str, Any]) -> None:
    load_records(warehouse, 1, [comment("1", custom_fields=NOTE)])

    result = load_records(warehouse, 1, [comment("1", custom_fields=NOTE) | change])

    assert records_of(result) == (0, 1, 0)


def test_position_and_warnings_of_a_record_are_not_compared(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", source_file="part-1.ndjson", source_position=1)])

    result = load_records(warehouse, 1, [comment("1", source_file="part-2.ndjson", warnings=["odd"])])

    assert records_of(result) == (0, 0, 0)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_equal_records_loaded_again_are_not_changed_in_any_entity(warehouse: Warehouse, entity: Entity) -> None:
    """Values read from staging must have the same hash as those in the lake, in every column."""
    full = {
        column.name: OF_TYPE[column.type]
        for column in contract_columns(entity)
        if column.name not in {entity.own_id, "record_status"}
    }
    dump = write_dump(
        warehouse.path.parent / "lake", entity, day(1), [record(entity, "1", **full), record(entity, "2")]
    )
    load(warehouse, dump, entity=entity)

    assert records_of(load(warehouse, dump, entity=entity, force=True)) == (0, 0, 0)


def test_an_empty_redelivery_removes_every_record(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1"), comment("2")])

    assert records_of(load_records(warehouse, 1, [])) == (0, 0, 2)


def test_keys_with_equal_hashes_are_compared_separately(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", key_hash=7, title="a"), comment("2", key_hash=7, title="b")])

    result = load_records(warehouse, 1, [comment("2", key_hash=7, title="b"), comment("3", key_hash=7, title="a")])

    assert records_of(result) == (1, 0, 1)


def test_the_ledger_stores_the_difference_of_the_load_in_place(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="a"), comment("2")])
    load_records(warehouse, 1, [comment("1", title="b"), comment("3"), comment("4")])
    same = load_records(warehouse, 1, [comment("1", title="b"), comment("3"), comment("4")])

    names = [f"loaded_{what}_{how}" for what in ("files", "records") for how in ("added", "changed", "removed")]
    assert ledger(warehouse).select("status", *names).rows() == [("unchanged", 0, 1, 0, 2, 1, 1)]
    assert same.difference is None
    assert rows(warehouse, "SELECT records_added FROM ops.load WHERE status = 'unchanged'") == [(None,)]

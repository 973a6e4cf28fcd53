"""Short forms to load dumps in tests and to query the result."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.warehouse import LoadResult, Warehouse, load_dump
from cdp_etl_tests.warehouse.dumps import COMMENT, Dump, File, record, write_dump


def day(number: int) -> date:
    """Return a day of January 2026."""
    return date(2026, 1, number)


def load(
    warehouse: Warehouse, dump: Dump, *, entity: Entity = COMMENT, rate: float = 0.5, force: bool = False
) -> LoadResult:
    """Load a dump of one file."""
    file = File("part-1.ndjson", sha256=dump.content_fingerprint)
    return load_dump(warehouse, entity, dump, [file], max_quarantine_rate=rate, force=force, run_id="run-1")


def load_records(
    warehouse: Warehouse, number: int, records: Sequence[Mapping[str, Any]], **options: Any
) -> LoadResult:
    """Write the comments of a day of January next to the warehouse and load them."""
    return load(warehouse, write_dump(warehouse.path.parent / "lake", COMMENT, day(number), records, **options))


def comment(own_id: str, **values: Any) -> dict[str, Any]:
    """Return an accepted comment."""
    return record(COMMENT, own_id, **values)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, sorted."""
    with warehouse.reading() as connection:
        return rows_of(connection, query)


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, sorted."""
    return sorted(connection.execute(query).fetchall(), key=repr)


def write_lake(folder: Path, number: int, records: Sequence[Mapping[str, Any]], **options: Any) -> Dump:
    """Write the comments of a day of January to a folder."""
    return write_dump(folder, COMMENT, day(number), records, **options)

"""Comparison of a dump's rows in staging with the lake's Parquet: what was stored is what was normalized.

Both sides are read once. They are compared by the number of rows, the extremes of each timestamp column, and the
sum of a 64-bit hash of each row over all columns of the files.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import (
    JSON,
    QUARANTINE_COLUMNS,
    SUPERSEDED_COLUMNS,
    TEXT,
    TIMESTAMP,
    TableColumn,
    lake_columns,
)
from cdp_etl.warehouse.load.protocols import LoadableDump
from cdp_etl.warehouse.sql import single_value

_ENTITY = "entity"
"""Column that a load adds: the folder's name has it in the lake."""


def differences(
    connection: duckdb.DuckDBPyConnection, entity: Entity, dump: LoadableDump, *, compares_days: bool = True
) -> list[str]:
    """Return a sentence for each table whose rows of the dump differ from the lake; it has no values.

    Args:
        connection: Connection to the warehouse.
        entity: The entity of the dump.
        dump: The dump in the lake.
        compares_days: Whether `activity_date` is compared. After a change of the business time zone the lake has
            the former days; the marts' value rules compare the stored days with the timestamps.
    """
    of_dump = f"dump_date = DATE '{dump.dump_date}'"
    of_entity = f"{of_dump} AND {_ENTITY} = '{entity.table}'"
    columns = [column for column in lake_columns(entity) if compares_days or column.name != "activity_date"]
    compared = [
        _difference(connection, f"staging.{entity.table}", of_dump, columns, dump.accepted_files),
        _difference(connection, "staging.superseded", of_entity, SUPERSEDED_COLUMNS, dump.superseded_files),
        _difference(connection, "staging.quarantine", of_entity, QUARANTINE_COLUMNS, dump.quarantined_files),
    ]
    return [fact for fact in compared if fact]


def _difference(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    condition: str,
    columns: Sequence[TableColumn],
    files: Sequence[Path],
) -> str | None:
    if not files:
        found = single_value(connection, f"SELECT count(*) FROM {table} WHERE {condition}")
        return f"{table} has {found} rows, the lake none" if found else None
    source = f"read_parquet([{', '.join(literal(str(path)) for path in files)}])"
    # A dump that an older version normalized lacks the columns that the contract got since.
    delivered = {name for name, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()} - {_ENTITY}
    compared = [column for column in columns if column.name in delivered]
    stored = _summary(connection, compared, f"{table} WHERE {condition}")
    expected = _summary(connection, compared, source)
    different = [name for name, value in expected.items() if stored[name] != value]
    if not different:
        return None
    return f"{table} has {stored['rows']} rows, the lake {expected['rows']}, with other {', '.join(different)}"


def _summary(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[TableColumn], source: str
) -> dict[str, object]:
    # Cast, because DuckDB's hash of a value depends on its type. Not to JSON, which would parse the text.
    types = [(TEXT if column.type == JSON else column.type).duckdb for column in columns]
    values = ", ".join(f"{quoted(column.name)}::{name}" for column, name in zip(columns, types, strict=True))
    timestamps = [column.name for column in columns if column.type == TIMESTAMP]
    names = ["rows", "values", *(f"extremes of {name}" for name in timestamps)]
    extremes = "".join(f", [min({quoted(name)}), max({quoted(name)})]" for name in timestamps)
    (found,) = connection.execute(
        f"SELECT count(*), sum(hash({values})::HUGEINT){extremes} FROM {source}"
    ).fetchall()
    return dict(zip(names, found, strict=True))

"""Tables of a snapshot's file: one with the stored columns of each mart, and the changes since another version.

A mart with derived columns is a view over its table. Each mart also has a view in schema `main`, so that
`SHOW TABLES` lists the marts and a query can leave out the schema.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from cdp_etl.contract.render.ddl import comments, create_table, create_view, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart
from cdp_etl.marts.snapshot.delta_files import in_month
from cdp_etl.marts.snapshot.manifest import MonthFiles, Snapshot
from cdp_etl.marts.snapshot.publication import published_columns
from cdp_etl.marts.snapshot.views import parquet_files, rows_select, same_grain, stored_columns


def rows_table(mart: Mart) -> str:
    """Return the table of a mart's rows, with its schema."""
    return mart.storage_table if mart.derived else mart.table


def create_rows_table(mart: Mart, *, has_personal_data: bool) -> Sequence[str]:
    """Return the statement that creates the table of a mart's rows, without comments."""
    schema = STORAGE_SCHEMA if mart.derived else "marts"
    # The marts are checked before they are published. Compression is left to DuckDB: the warehouse's is newer.
    columns = [
        replace(column, is_nullable=True, compression=None)
        for column in stored_columns(mart, has_personal_data=has_personal_data)
    ]
    return create_table(schema, mart.name, columns, "")[:1]


def describing_statements(mart: Mart, *, has_personal_data: bool) -> Sequence[str]:
    """Return the statements that comment on a mart's table, or create its view if it has derived columns."""
    columns = published_columns(mart.columns, has_personal_data=has_personal_data)
    if not mart.derived:
        return comments("TABLE", "marts", mart.name, columns, mart.description)
    select = mart.view_select(columns, mart.storage_table)
    return create_view("marts", mart.name, columns, select, mart.description)


def main_view_statements(mart: Mart, *, has_personal_data: bool) -> Sequence[str]:
    """Return the statements that create the view of a mart in schema `main`, with comments."""
    columns = published_columns(mart.columns, has_personal_data=has_personal_data)
    names = ", ".join(quoted(column.name) for column in columns)
    return create_view("main", mart.name, columns, f"SELECT {names} FROM {mart.table}", mart.description)


def change_statements(snapshot: Snapshot, mart: Mart, known: Mapping[date, MonthFiles]) -> Iterator[str]:
    """Yield the statements that bring the table of a mart from the months that it has to those of a version.

    Args:
        snapshot: The version.
        mart: The mart.
        known: Files of the months whose rows the table has; none if there is no table.
    """
    months = snapshot.marts[mart.name]
    table = rows_table(mart)
    if not known or {files.kind for files in known.values()} != {files.kind for files in months.values()}:
        yield f"DROP TABLE IF EXISTS {table}"
        yield from create_rows_table(mart, has_personal_data=snapshot.has_personal_data)
        known = {}
    changed = {month: files for month, files in months.items() if files != known.get(month)}
    extended = {month: files for month, files in changed.items() if month in known and files.extends(known[month])}
    replaced = [month for month in changed if month in known and month not in extended]
    if replaced:
        yield f"DELETE FROM {table} WHERE {' OR '.join(in_month(mart, month) for month in replaced)}"
    tombstones = [path for month, files in extended.items() for path in files.deletes[len(known[month].deletes) :]]
    if tombstones:
        # All rows of the table are older than these tombstones.
        yield (
            f"DELETE FROM {table} AS stored USING {parquet_files(snapshot, tombstones)} AS tombstone"
            f" WHERE {same_grain(mart)}"
        )
    added = [
        replace(files, data=files.data[len(known[month].data) :], deletes=()) if month in extended else files
        for month, files in changed.items()
    ]
    if any(files.data for files in added):
        columns = stored_columns(mart, has_personal_data=snapshot.has_personal_data)
        yield f"INSERT INTO {table} {rows_select(snapshot, mart, columns, added)}"


def differing_rows(snapshot: Snapshot, mart: Mart) -> str:
    """Return a query for whether the table's rows differ from those of the version's files."""
    columns = stored_columns(mart, has_personal_data=snapshot.has_personal_data)
    files = rows_select(snapshot, mart, columns, snapshot.marts[mart.name].values())
    return f"SELECT ({_digest(columns, rows_table(mart))}) <> ({_digest(columns, f'({files})')})"


def _digest(columns: Sequence[TableColumn], rows: str) -> str:
    names = ", ".join(quoted(column.name) for column in columns)
    return f"SELECT row(count(*), sum(hash({names})::HUGEINT)) FROM {rows}"

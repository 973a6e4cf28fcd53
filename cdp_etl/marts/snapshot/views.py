"""Views of a published version: the rows of its data files without those hidden by tombstones.

A tombstone hides a row if it has the row's grain and a newer load. Most months have no tombstones; their files are
read without a join.
"""

from collections.abc import Iterable, Sequence

from cdp_etl.contract.render.ddl import create_view, literal, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.snapshot.manifest import MonthFiles, Snapshot
from cdp_etl.marts.snapshot.publication import published_columns


def view_statements(snapshot: Snapshot, mart: Mart) -> Sequence[str]:
    """Return the statements that create the view of a mart, with comments."""
    columns = published_columns(mart.columns, has_personal_data=snapshot.has_personal_data)
    stored = stored_columns(mart, has_personal_data=snapshot.has_personal_data)
    select = rows_select(snapshot, mart, stored, snapshot.marts[mart.name].values())
    return create_view("marts", mart.name, columns, mart.view_select(columns, f"({select})"), mart.description)


def stored_columns(mart: Mart, *, has_personal_data: bool) -> Sequence[TableColumn]:
    """Return the published columns of a mart that are stored, not derived."""
    columns = published_columns(mart.columns, has_personal_data=has_personal_data)
    return [column for column in columns if column.name not in mart.derived]


def rows_select(
    snapshot: Snapshot, mart: Mart, columns: Sequence[TableColumn], months: Iterable[MonthFiles]
) -> str:
    """Return the SELECT of the rows of some months of a mart."""
    names = ", ".join(quoted(column.name) for column in columns)
    return " UNION ALL ".join(_row_selects(snapshot, mart, names, list(months)) or [_empty_select(columns)])


def same_grain(mart: Mart) -> str:
    """Return the condition that a row `stored` has the grain of a row `tombstone`."""
    return " AND ".join(
        f"stored.{quoted(name)} IS NOT DISTINCT FROM tombstone.{quoted(name)}" for name in mart.grain
    )


def parquet_files(snapshot: Snapshot, paths: Sequence[str]) -> str:
    """Return the table function that reads some files of a version."""
    return f"read_parquet([{', '.join(literal(str(snapshot.folder / path)) for path in paths)}])"


def _row_selects(snapshot: Snapshot, mart: Mart, columns: str, months: Sequence[MonthFiles]) -> Sequence[str]:
    """Return one SELECT of the months without tombstones, and one of those with tombstones."""
    selects = []
    complete = [path for month in months if not month.deletes for path in month.data]
    if complete:
        selects.append(f"SELECT {columns} FROM {parquet_files(snapshot, complete)}")
    merged = [month for month in months if month.deletes]
    if merged:
        data = parquet_files(snapshot, [path for month in merged for path in month.data])
        deletes = parquet_files(snapshot, [path for month in merged for path in month.deletes])
        selects.append(
            f"SELECT {columns} FROM {data} AS stored ANTI JOIN {deletes} AS tombstone"
            f" ON {same_grain(mart)} AND tombstone.{DELETED_BY.name} > stored.{WRITTEN_BY.name}"
        )
    return selects


def _empty_select(columns: Sequence[TableColumn]) -> str:
    return f"SELECT {', '.join(f'NULL::{one.type.duckdb} AS {quoted(one.name)}' for one in columns)} WHERE false"

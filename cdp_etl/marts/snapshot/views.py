"""Views of a published version: the rows of its data files without those hidden by tombstones.

A tombstone hides a row if it has the row's grain and a newer load. Most months have no tombstones; their files are
read without a join.
"""

from collections.abc import Iterable, Iterator, Sequence

from cdp_etl.contract.render.ddl import create_view, literal, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.snapshot.manifest import Snapshot
from cdp_etl.marts.snapshot.publication import published_columns


def view_statements(snapshot: Snapshot, mart: Mart) -> Iterable[str]:
    """Return the statements that create the view of a mart, with comments."""
    columns = published_columns(mart.columns, has_personal_data=snapshot.has_personal_data)
    stored = [column for column in columns if column.name not in mart.derived]
    rows = list(_row_selects(snapshot, mart, ", ".join(quoted(column.name) for column in stored)))
    select = " UNION ALL ".join(rows or [_empty_select(stored)])
    return create_view("marts", mart.name, columns, mart.view_select(columns, f"({select})"), mart.description)


def _row_selects(snapshot: Snapshot, mart: Mart, columns: str) -> Iterator[str]:
    """Yield one SELECT of the months without tombstones, and one of those with tombstones."""
    months = snapshot.marts[mart.name].values()
    complete = [path for month in months if not month.deletes for path in month.data]
    if complete:
        yield f"SELECT {columns} FROM {_files(snapshot, complete)}"
    merged = [month for month in months if month.deletes]
    if merged:
        data = _files(snapshot, [path for month in merged for path in month.data])
        deletes = _files(snapshot, [path for month in merged for path in month.deletes])
        same_grain = " AND ".join(
            f"stored.{quoted(name)} IS NOT DISTINCT FROM tombstone.{quoted(name)}" for name in mart.grain
        )
        yield (
            f"SELECT {columns} FROM {data} AS stored ANTI JOIN {deletes} AS tombstone"
            f" ON {same_grain} AND tombstone.{DELETED_BY.name} > stored.{WRITTEN_BY.name}"
        )


def _files(snapshot: Snapshot, paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(literal(str(snapshot.folder / path)) for path in paths)}])"


def _empty_select(columns: Sequence[TableColumn]) -> str:
    return f"SELECT {', '.join(f'NULL::{one.type.duckdb} AS {quoted(one.name)}' for one in columns)} WHERE false"

"""The views of a published version: what is in the files of a mart, without the rows that have left since.

A row of a file is hidden by a key of its month that left by a load after the one that made the row. Months that
hide nothing, and those are most, are read as they are.

Put here the SQL of the views. What the files are stands in `month_files.py`.
"""

from collections.abc import Iterable, Iterator, Sequence

from cdp_etl.contract.render.ddl import create_view, literal, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.snapshot import pseudonymize
from cdp_etl.marts.snapshot.manifest import Snapshot


def view_statements(snapshot: Snapshot, mart: Mart) -> Iterable[str]:
    """Give the statements that make the view of a mart, with comments."""
    columns = pseudonymize.published_columns(mart.columns, with_personal_data=snapshot.has_personal_data)
    kept = [column for column in columns if column.name not in mart.derived]
    rows = list(_rows(snapshot, mart, ", ".join(quoted(column.name) for column in kept)))
    select = " UNION ALL ".join(rows or [_nothing(kept)])
    return create_view("marts", mart.name, columns, mart.view_select(columns, f"({select})"), mart.description)


def _rows(snapshot: Snapshot, mart: Mart, columns: str) -> Iterator[str]:
    """Give a SELECT of the months that hide nothing, and one of those that do; neither where there are none."""
    months = snapshot.marts[mart.name].values()
    whole = [path for month in months if not month.left for path in month.data]
    if whole:
        yield f"SELECT {columns} FROM {_files(snapshot, whole)}"
    hiding = [month for month in months if month.left]
    if hiding:
        data = _files(snapshot, [path for month in hiding for path in month.data])
        left = _files(snapshot, [path for month in hiding for path in month.left])
        same = " AND ".join(f"made.{quoted(name)} IS NOT DISTINCT FROM gone.{quoted(name)}" for name in mart.grain)
        yield (
            f"SELECT {columns} FROM {data} AS made ANTI JOIN {left} AS gone"
            f" ON {same} AND gone.{DELETED_BY.name} > made.{WRITTEN_BY.name}"
        )


def _files(snapshot: Snapshot, paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(literal(str(snapshot.folder / path)) for path in paths)}])"


def _nothing(columns: Sequence[TableColumn]) -> str:
    return f"SELECT {', '.join(f'NULL::{one.type.duckdb} AS {quoted(one.name)}' for one in columns)} WHERE false"

"""`cdp-etl sql`: a read-only query on the published snapshot."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import typer

from cdp_etl.cli.output import out, print_csv, print_json, print_table
from cdp_etl.errors import CdpEtlError, UsageError
from cdp_etl.settings import load_settings

_MAX_TABLE_ROWS = 100
_BATCH_ROWS = 20_000


class NoSnapshotError(CdpEtlError):
    """Nothing was published yet."""


class QueryError(UsageError):
    """DuckDB rejects the query; the message is DuckDB's."""


def sql_command(
    query: Annotated[str | None, typer.Argument(help="One SELECT in DuckDB's SQL.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Read the query from a file.")
    ] = None,
    output_format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="Format of the printed rows.")
    ] = "table",
) -> None:
    """Query the published snapshot, read-only and without waiting for a load.

    The snapshot contains the marts as of one load.

    Example: `cdp-etl sql "SELECT kind, count(*) AS n FROM marts.interaction GROUP BY ALL ORDER BY n DESC"`
    """
    if (query is None) == (file is None):
        raise typer.BadParameter("expected a query, or --file with a file that contains it")
    text = query if query is not None else file.read_text(encoding="utf-8") if file else ""
    snapshot = load_settings().published / "cdp.duckdb"
    if not snapshot.exists():
        raise NoSnapshotError(f"There is no snapshot at {snapshot} yet; `cdp-etl run` publishes one.")
    with closing(duckdb.connect(snapshot, read_only=True)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _print(_result(connection, text), output_format)


def _result(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation:
    try:
        relation = connection.sql(text)
    except duckdb.Error as error:
        raise QueryError(str(error).strip()) from None
    if relation is None:
        raise QueryError("Expected a query that returns rows, such as a SELECT.")
    return relation


def _print(relation: duckdb.DuckDBPyRelation, output_format: str) -> None:
    header = relation.columns
    match output_format:
        case "csv":
            print_csv(header, _rows(relation))
        case "json":
            print_json([dict(zip(header, row, strict=True)) for row in _rows(relation)])
        case _:
            rows = list(_rows(relation.limit(_MAX_TABLE_ROWS + 1)))
            print_table(header, rows[:_MAX_TABLE_ROWS])
            if len(rows) > _MAX_TABLE_ROWS:
                out().print(f"More than {_MAX_TABLE_ROWS} rows; --format csv prints all of them.")


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in batches, through Arrow: timestamps with a zone as DuckDB's own values require pytz."""
    try:
        for batch in relation.to_arrow_reader(_BATCH_ROWS):
            columns = [column.to_pylist(maps_as_pydicts="strict") for column in batch.columns]
            yield from zip(*columns, strict=True)
    except duckdb.Error as error:
        raise QueryError(str(error).strip()) from None

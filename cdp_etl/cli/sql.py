"""`cdp-etl sql`: a query on the published snapshot, read-only."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import polars as pl
import typer

from cdp_etl.cli.output import out, print_csv, print_json, print_table
from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import load_settings

_MOST_ROWS_ON_A_SCREEN = 100
_ROWS_AT_A_TIME = 20_000


class NoSnapshotError(CdpEtlError):
    """Nothing was published yet."""


class QueryError(CdpEtlError):
    """DuckDB does not take the query; the text is its own."""


def sql_command(
    query: Annotated[str | None, typer.Argument(help="One SELECT, in DuckDB's SQL.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Read the query from a file.")
    ] = None,
    output_format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print the rows.")
    ] = "table",
) -> None:
    """Query the published snapshot: the marts as of one load. It is read-only and never waits for a load.

    Example: `cdp-etl sql "SELECT kind, count(*) AS n FROM marts.interaction GROUP BY ALL ORDER BY n DESC"`
    """
    if (query is None) == (file is None):
        raise typer.BadParameter("give the query, or --file with a file that holds it")
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
        raise QueryError("Expected a query that gives rows, such as a SELECT.")
    return relation


def _print(relation: duckdb.DuckDBPyRelation, output_format: str) -> None:
    header = relation.columns
    match output_format:
        case "csv":
            print_csv(header, _rows(relation))
        case "json":
            print_json([dict(zip(header, row, strict=True)) for row in _rows(relation)])
        case _:
            rows = list(_rows(relation.limit(_MOST_ROWS_ON_A_SCREEN + 1)))
            print_table(header, rows[:_MOST_ROWS_ON_A_SCREEN])
            if len(rows) > _MOST_ROWS_ON_A_SCREEN:
                out().print(f"More than {_MOST_ROWS_ON_A_SCREEN} rows; --format csv prints all of them.")


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    """Give the rows in bounded batches; over Arrow, since DuckDB's own Python values of moments need pytz."""
    try:
        for batch in relation.to_arrow_reader(_ROWS_AT_A_TIME):
            yield from pl.DataFrame(batch).iter_rows()
    except duckdb.Error as error:
        raise QueryError(str(error).strip()) from None

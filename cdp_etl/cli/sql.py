"""`cdp-etl sql`: a read-only query on the published snapshot.

The query can read the snapshot's folder and nothing else, and writes nothing. The files of `--output` are written
here, from the rows that DuckDB returns.
"""

from pathlib import Path
from typing import Annotated, Literal

import duckdb
import typer

from cdp_etl.cli.output import out, print_csv, print_json, print_table
from cdp_etl.cli.query_rows import OUTPUT_SUFFIXES, rows_of, write_rows
from cdp_etl.cli.snapshot_reading import batches, reading, snapshot_database
from cdp_etl.cli.statement_check import QueryError, require_reading_statement
from cdp_etl.settings import load_settings

_MAX_TABLE_ROWS = 100


def sql_command(
    query: Annotated[str | None, typer.Argument(help="One SELECT in DuckDB's SQL.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Read the query from a file.")
    ] = None,
    output_format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="Format of the printed rows.")
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a new file, .csv, .ndjson, .parquet or .xlsx, readable by its owner."
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="CSV: keep texts that a spreadsheet would evaluate as formulas.")
    ] = False,
) -> None:
    """Query the published snapshot, read-only and without waiting for a load.

    The snapshot contains the marts as of one load. Accepted is one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE.
    In CSV, a text that a spreadsheet would evaluate as a formula gets a leading '.

    Example: `cdp-etl sql "SELECT kind, count(*) AS n FROM marts.interaction GROUP BY ALL ORDER BY n DESC"`
    """
    if (query is None) == (file is None):
        raise typer.BadParameter("expected a query, or --file with a file that contains it")
    if output is not None and output.suffix not in OUTPUT_SUFFIXES:
        raise typer.BadParameter(f"{output.name} must end in {', '.join(OUTPUT_SUFFIXES)}")
    if output is not None and not output.parent.is_dir():
        raise typer.BadParameter(f"{output.parent} is no folder")
    text = query if query is not None else file.read_text(encoding="utf-8") if file else ""
    database = snapshot_database(load_settings().published.resolve())
    require_reading_statement(text)
    with reading(database) as connection:
        try:
            relation = connection.sql(text)
            if output is not None:
                count = write_rows(*batches(relation), output, is_exact=exact)
                out().print(f"{output}: {count} rows.")
            else:
                _print(relation, output_format, is_exact=exact)
        except duckdb.PermissionException as error:
            raise QueryError(
                f"{str(error).strip()}. A query can read {database.parent} and nothing else. If the data folder"
                " was moved, `cdp-etl marts publish` writes its new path."
            ) from None
        except duckdb.Error as error:
            raise QueryError(str(error).strip()) from None


def _print(relation: duckdb.DuckDBPyRelation, output_format: str, *, is_exact: bool) -> None:
    header = relation.columns
    match output_format:
        case "csv":
            print_csv(header, rows_of(batches(relation)[1]), is_exact=is_exact)
        case "json":
            print_json([dict(zip(header, row, strict=True)) for row in rows_of(batches(relation)[1])])
        case _:
            shown = list(rows_of(batches(relation.limit(_MAX_TABLE_ROWS + 1))[1]))
            print_table(header, shown[:_MAX_TABLE_ROWS])
            if len(shown) > _MAX_TABLE_ROWS:
                out().print(f"More than {_MAX_TABLE_ROWS} rows; --format csv prints all of them.")

"""`cdp-etl sql`: read-only queries on the published snapshot, or on a copy of the warehouse.

The query can read the snapshot's folder or the copy and nothing else, and writes nothing. The files of `--output`
are written here, from the rows that DuckDB returns.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import typer

from cdp_etl.cli.output import out, paged, print_csv, print_json, print_rows
from cdp_etl.cli.query_rows import OUTPUT_SUFFIXES, rows_of, write_parquet, write_rows
from cdp_etl.cli.snapshot_reading import batches, damage_of, reading_snapshot, snapshot_database
from cdp_etl.cli.statement_check import QueryError, require_reading_statement
from cdp_etl.settings import Settings, load_settings

_MAX_TABLE_ROWS = 100
_IN_WAREHOUSE = re.compile(r"\b(?:staging|ops|mart_storage)\b", re.IGNORECASE)


def sql_command(  # noqa: PLR0913 - each is an option
    query: Annotated[str | None, typer.Argument(help="One SELECT in DuckDB's SQL.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Read the query from a file.")
    ] = None,
    output_format: Annotated[
        Literal["table", "csv", "json", "parquet"],
        typer.Option("--format", help="Format of the printed rows. parquet: bytes for a pipe or a file."),
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a new file, .csv, .ndjson, .parquet or .xlsx, readable by its owner."
        ),
    ] = None,
    warehouse: Annotated[
        bool,
        typer.Option("--warehouse", help="Query a copy of the warehouse: staging, quarantine, ops and the marts."),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="With --warehouse: make a new copy, although this session has one already."),
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="CSV: keep texts that a spreadsheet would evaluate as formulas.")
    ] = False,
) -> None:
    """Query the published snapshot, read-only and without waiting for a load.

    The snapshot contains the marts as of one load. Accepted is one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE.
    A result that is wider than the output is printed as records, one line a value; one that is longer than the
    terminal is shown by a pager. In CSV, a text that a spreadsheet would evaluate as a formula gets a leading '.
    Without a query, a terminal gets a shell with history and completion. A copy of the warehouse is kept for the
    session of the terminal and used again; --fresh makes a new one.

    Example: `cdp-etl sql "SELECT kind, count(*) AS n FROM marts.interaction GROUP BY ALL ORDER BY n DESC"`
    """
    is_shell = query is None and file is None and sys.stdin.isatty() and sys.stdout.isatty()
    if not is_shell and (query is None) == (file is None):
        raise typer.BadParameter("expected a query, or --file with a file that contains it")
    if fresh and not warehouse:
        raise typer.BadParameter("--fresh is for --warehouse; the snapshot is always the newest")
    _require_output(output_format, output, is_shell=is_shell)
    text = query if query is not None else file.read_text(encoding="utf-8") if file else ""
    settings = load_settings()
    database = snapshot_database(settings.published.resolve()) if not warehouse else None
    if not is_shell:
        require_reading_statement(text)
    with reading_snapshot(database) if database else _reading_copy(settings, is_fresh=fresh) as connection:

        def answer(statement: str) -> None:
            with _query_errors(statement, database):
                if is_shell:  # otherwise it was checked before the copy was made
                    require_reading_statement(statement)
                relation = connection.sql(statement)
                if output is not None:
                    count = write_rows(*batches(relation), output, is_exact=exact)
                    out().print(f"{output}: {count} rows.")
                else:
                    _print(relation, output_format, is_exact=exact)

        if is_shell:
            from cdp_etl.cli.sql_shell import run_shell  # noqa: PLC0415 - for the shell alone

            run_shell(connection, answer)
        else:
            answer(text)


def _require_output(output_format: str, output: Path | None, *, is_shell: bool) -> None:
    """Raise an error if rows cannot be written as the options say."""
    if is_shell and (output is not None or output_format == "parquet"):
        raise typer.BadParameter("expected a query: the shell prints its results")
    if output is not None and output.suffix not in OUTPUT_SUFFIXES:
        raise typer.BadParameter(f"{output.name} must end in {', '.join(OUTPUT_SUFFIXES)}")
    if output is not None and not output.parent.is_dir():
        raise typer.BadParameter(f"{output.parent} is no folder")
    if output_format == "parquet" and output is None and sys.stdout.isatty():
        raise typer.BadParameter(
            "--format parquet writes bytes: redirect the output, or use --output FILE.parquet"
        )


@contextmanager
def _query_errors(query: str, database: Path | None) -> Iterator[None]:
    """Raise DuckDB's errors of a query as QueryError. `database` is the snapshot; None: the copy."""
    try:
        yield
    except duckdb.PermissionException as error:
        readable = database.parent if database else "the copy of the warehouse"
        raise QueryError(
            f"{str(error).strip()}. A query can read {readable} and nothing else. If the data folder was"
            " moved, `cdp-etl marts publish` writes its new path."
        ) from None
    except duckdb.CatalogException as error:
        raise QueryError(_with_place(str(error).strip(), query, is_snapshot=database is not None)) from None
    except duckdb.Error as error:
        if database is not None and damage_of(error) is not None:
            raise  # `reading_snapshot` names the file and what repairs it
        raise QueryError(str(error).strip()) from None


def _with_place(message: str, query: str, *, is_snapshot: bool) -> str:
    """Return DuckDB's message, with the place of the tables that the snapshot does not have."""
    if is_snapshot and _IN_WAREHOUSE.search(query):
        return f"{message}\nstaging, quarantine and ops are in the warehouse: add --warehouse."
    return message


def _print(relation: duckdb.DuckDBPyRelation, output_format: str, *, is_exact: bool) -> None:
    header = relation.columns
    match output_format:
        case "csv":
            print_csv(header, rows_of(batches(relation)[1]), is_exact=is_exact)
        case "json":
            print_json([dict(zip(header, row, strict=True)) for row in rows_of(batches(relation)[1])])
        case "parquet":
            write_parquet(*batches(relation), sys.stdout.buffer)
        case _:
            shown = list(rows_of(batches(relation.limit(_MAX_TABLE_ROWS + 1))[1]))
            with paged() as console:
                print_rows(header, shown[:_MAX_TABLE_ROWS], console)
                if len(shown) > _MAX_TABLE_ROWS:
                    console.print(f"More than {_MAX_TABLE_ROWS} rows; --format csv prints all of them.")


def _reading_copy(settings: Settings, *, is_fresh: bool) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    from cdp_etl.cli.warehouse_copy import reading_copy  # noqa: PLC0415 - a warehouse imports polars

    return reading_copy(settings.open_warehouse(), is_fresh=is_fresh)

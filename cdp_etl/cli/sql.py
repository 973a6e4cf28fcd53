"""`cdp-etl sql`: a read-only query on the published snapshot.

The query can read the snapshot's folder and nothing else, and writes nothing. The files of `--output` are written
here, from the rows that DuckDB returns.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
import typer

from cdp_etl.cli.output import out, print_csv, print_json, print_table
from cdp_etl.cli.query_rows import OUTPUT_SUFFIXES, rows_of, write_rows
from cdp_etl.cli.statement_check import QueryError, require_reading_statement
from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import load_settings

_MAX_TABLE_ROWS = 100
_BATCH_ROWS = 20_000


class NoSnapshotError(CdpEtlError):
    """Nothing was published yet, or this user is not permitted to read it."""


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
        typer.Option(metavar="FILE", help="Write a new file, .csv, .ndjson or .parquet, readable by its owner."),
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
    published = load_settings().published.resolve()
    snapshot = published / "cdp.duckdb"
    if not os.access(snapshot, os.R_OK):
        raise NoSnapshotError(
            f"There is no snapshot at {snapshot} that this user can read; `cdp-etl run` publishes one, and"
            " CDP_ETL_READERS_GROUP names the group that reads it."
        )
    require_reading_statement(text)
    with _reading(published) as connection:
        try:
            relation = connection.sql(text)
            if output is not None:
                reader = relation.to_arrow_reader(_BATCH_ROWS)
                count = write_rows(reader.schema, _checked(reader), output, is_exact=exact)
                out().print(f"{output}: {count} rows.")
            else:
                _print(relation, output_format, is_exact=exact)
        except duckdb.PermissionException as error:
            raise QueryError(
                f"{str(error).strip()}. A query can read {published} and nothing else. If the data folder was"
                " moved, `cdp-etl marts publish` writes its new path."
            ) from None
        except duckdb.Error as error:
            raise QueryError(str(error).strip()) from None


@contextmanager
def _reading(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the snapshot that can read its folder and no other file, and load no extension.

    Results that do not fit into memory are spilled to a folder of their own, which only this user can read.
    """
    with (
        TemporaryDirectory(prefix="cdp-etl-sql-") as spill,
        duckdb.connect(
            published / "cdp.duckdb",
            read_only=True,
            config={"python_enable_replacements": "false", "temp_directory": spill},
        ) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_directories = ?", [[f"{published}/"]])
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    return _checked(relation.to_arrow_reader(_BATCH_ROWS))


def _checked(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches. Arrow raises any error that DuckDB has while it produces rows as OSError."""
    try:
        yield from reader
    except OSError as error:
        raise QueryError(str(error).strip()) from None


def _print(relation: duckdb.DuckDBPyRelation, output_format: str, *, is_exact: bool) -> None:
    header = relation.columns
    match output_format:
        case "csv":
            print_csv(header, rows_of(_batches(relation)), is_exact=is_exact)
        case "json":
            print_json([dict(zip(header, row, strict=True)) for row in rows_of(_batches(relation))])
        case _:
            shown = list(rows_of(_batches(relation.limit(_MAX_TABLE_ROWS + 1))))
            print_table(header, shown[:_MAX_TABLE_ROWS])
            if len(shown) > _MAX_TABLE_ROWS:
                out().print(f"More than {_MAX_TABLE_ROWS} rows; --format csv prints all of them.")

"""`cdp-etl export`: the published marts as files of other programs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import typer

from cdp_etl.cli.output import out, progress
from cdp_etl.cli.query_rows import write_rows
from cdp_etl.cli.snapshot_reading import batches, naming_damage, reading_snapshot, snapshot_database
from cdp_etl.export_file import export_file, require_absent
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.portable import write_portable
from cdp_etl.settings import Settings, load_settings

_Report = Callable[[str], None]


def export_command(
    *,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder of the files; created if missing.")],
    output_format: Annotated[
        Literal["parquet", "csv", "duckdb", "xlsx"],
        typer.Option("--format", help="Format: one file a mart, or for duckdb one file for all."),
    ] = "parquet",
    mart: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Export only this mart. Repeatable.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="CSV: keep texts that a spreadsheet would evaluate as formulas.")
    ] = False,
) -> None:
    """Export the published marts to files.

    Only their owner can read them. They show what the snapshot shows. Existing files are not replaced. A database
    of format duckdb opens from any path by DuckDB 1.1 and later. A mart that does not fit into a sheet is refused
    by format xlsx.

    Example: `cdp-etl export --to monday --format xlsx --mart campaign_daily`
    """
    settings = load_settings()
    marts = _selected(mart)
    database = snapshot_database(settings.published.resolve())
    is_one_file = output_format == "duckdb"
    targets = [to / DATABASE] if is_one_file else [to / f"{one.name}.{output_format}" for one in marts]
    for target in targets:
        require_absent(target)
    to.mkdir(parents=True, exist_ok=True)
    with progress() as report:
        if is_one_file:
            _write_database(settings, database, targets[0], marts, report)
        else:
            _write_files(database, dict(zip(marts, targets, strict=True)), report, is_exact=exact)
    out().print(f"{to}: {', '.join(target.name for target in targets)}.")


def _selected(names: Sequence[str] | None) -> Sequence[Mart]:
    by_name = {one.name: one for one in PUBLISHED}
    unknown = sorted(set(names or ()) - by_name.keys())
    if unknown:
        raise typer.BadParameter(f"no published mart is named {unknown[0]}; the marts are {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)] if names else PUBLISHED


def _write_database(
    settings: Settings, database: Path, target: Path, marts: Sequence[Mart], report: _Report
) -> None:
    with naming_damage(database), export_file(target) as unfinished:
        write_portable(
            database,
            unfinished,
            marts,
            lambda one: report(f"{one.name} ({marts.index(one) + 1} of {len(marts)} marts)"),
            memory_limit=settings.memory_limit,
        )


def _write_files(database: Path, targets: dict[Mart, Path], report: _Report, *, is_exact: bool) -> None:
    with reading_snapshot(database) as connection:
        counts: dict[Mart, int] = {}
        for one in targets:
            ((counts[one],),) = connection.execute(f"SELECT count(*) FROM {one.table}").fetchall()
        if ".xlsx" in {target.suffix for target in targets.values()}:
            from cdp_etl.cli.xlsx_rows import require_rows_fit  # noqa: PLC0415 - for this format alone

            for one, count in counts.items():
                require_rows_fit(one.name, count)
        for one, target in targets.items():
            schema, rows = batches(connection.sql(f"FROM {one.table}"))
            write_rows(schema, _counted(rows, one, counts[one], report), target, is_exact=is_exact)


def _counted(rows: Iterable[pa.RecordBatch], mart: Mart, count: int, report: _Report) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in rows:
        yield batch
        done += batch.num_rows
        report(f"{mart.name}: {done:,} of {count:,} rows")

"""`cdp-etl generate`: synthetic sample dumps."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cdp_etl.cli.options import EntityNames, FromDate, selected_entities
from cdp_etl.cli.output import print_table, progress
from cdp_etl.sample import generate


def generate_command(  # noqa: PLR0913 - each is an option
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Landing folder to write to.")],
    first: FromDate,
    days: Annotated[int, typer.Option(help="Number of dump dates.")] = 1,
    rows: Annotated[int, typer.Option(help="Number of records per entity and date.")] = 1000,
    entity: EntityNames = None,
    dirty: Annotated[float, typer.Option(help="Share of records that must be quarantined, from 0 to 1.")] = 0.03,
    data_format: Annotated[
        Literal["ndjson", "json", "csv", "parquet"], typer.Option("--format", help="Format of the files.")
    ] = "ndjson",
    compression: Annotated[Literal["none", "gz", "zst"], typer.Option(help="Compression of the files.")] = "none",
    seed: Annotated[int, typer.Option(help="Random seed. The same seed gives the same bytes.")] = 1,
) -> None:
    """Write realistic sample dumps.

    `_expected.json` in each dump has the counts that a load must result in.

    Example: `cdp-etl generate --out data/landing --from 2026-03-04 --days 7 --rows 20000`
    """
    with progress() as report:
        dumps = generate(
            out,
            first,
            days,
            rows,
            entities=[one.name for one in selected_entities(entity)],
            dirty=dirty,
            format=data_format,
            compression=compression,
            seed=seed,
            progress=report,
        )
    print_table(
        ("entity", "dump date", "records", "bad"),
        [(dump.entity, dump.dump_date, dump.read, dump.quarantined) for dump in dumps],
    )

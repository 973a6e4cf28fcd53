"""`cdp-etl generate`: realistic dumps, made up."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cdp_etl.cli.options import EntityNames, FromDay, chosen
from cdp_etl.cli.output import print_table, progress
from cdp_etl.sample import generate


def generate_command(  # noqa: PLR0913 - each is an option
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Landing folder to write to.")],
    first: FromDay,
    days: Annotated[int, typer.Option(help="How many days.")] = 1,
    rows: Annotated[int, typer.Option(help="Records of each entity and day.")] = 1000,
    entity: EntityNames = None,
    dirty: Annotated[float, typer.Option(help="Share of records that must be quarantined, 0 to 1.")] = 0.03,
    data_format: Annotated[
        Literal["ndjson", "json", "csv", "parquet"], typer.Option("--format", help="Format of the files.")
    ] = "ndjson",
    compression: Annotated[Literal["none", "gz", "zst"], typer.Option(help="Compression of the files.")] = "none",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Write realistic sample dumps, with what they must come to in `_expected.json`.

    Example: `cdp-etl generate --out data/landing --from 2026-03-04 --days 7 --rows 20000`
    """
    with progress() as say:
        made = generate(
            out,
            first,
            days,
            rows,
            entities=[one.name for one in chosen(entity)],
            dirty=dirty,
            format=data_format,
            compression=compression,
            seed=seed,
            progress=say,
        )
    print_table(
        ("entity", "dump date", "records", "bad"),
        [(one.entity, one.dump_date, one.read, one.quarantined) for one in made],
    )

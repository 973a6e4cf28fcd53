"""`cdp-etl quarantine`: the records that were refused, and why.

It reads the lake and not the warehouse, so that a dump that was refused as a whole can be looked into.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any

import polars as pl
import typer

from cdp_etl.cli.days import days_between
from cdp_etl.cli.options import AsJson, EntityNames, FromDayOrAll, ToDayOrAll, chosen
from cdp_etl.cli.output import out, print_json, print_table
from cdp_etl.normalize import NormalizedDump, latest_normalized
from cdp_etl.settings import load_settings

quarantine = typer.Typer(help="Records that were refused, with their reasons.", no_args_is_help=True)

_MOST_REASONS = 20
_SHOWN = ("entity", "dump_date", "source_file", "source_position", "reasons")


@quarantine.callback()
def _group() -> None:
    """Keep `list` a command of its own while it is the only one."""


@quarantine.command("list")
def list_command(
    *,
    entity: EntityNames = None,
    first: FromDayOrAll = None,
    last: ToDayOrAll = None,
    limit: Annotated[int, typer.Option(min=1, help="How many records at most; --json gives all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List refused records: file, position and all reasons. Their bytes are not shown: they may be personal.

    Example: `cdp-etl quarantine list --entity email-interaction --from 2026-03-02 --to 2026-03-02`
    """
    settings = load_settings()
    dumps = [
        dump
        for day in days_between(settings, first, last)
        for one in chosen(entity)
        if (dump := latest_normalized(settings.lake, one, day)) is not None and dump.quarantined
    ]
    if as_json:
        print_json([*_records(dumps)])
        return
    total = sum(dump.quarantined for dump in dumps)
    if not total:
        out().print("No record is in quarantine.")
        return
    print_table(
        ("entity", "dump date", "file", "position", "reasons"),
        (
            [record["entity"].replace("_", "-"), *list(record.values())[1:-1], "; ".join(record["reasons"])]
            for record in islice(_records(dumps), limit)
        ),
    )
    if total > limit:
        out().print(f"{limit} of {total} records; --limit shows more, --json all.")
    reasons = sum((Counter(dump.reasons) for dump in dumps), Counter[str]())
    print_table(("reason", "records"), reasons.most_common(_MOST_REASONS), title="Commonest reasons")


def _records(dumps: Iterable[NormalizedDump]) -> Iterator[dict[str, Any]]:
    for dump in dumps:
        for path in dump.quarantined_files:
            yield from pl.scan_parquet(path).select(_SHOWN).collect().iter_rows(named=True)

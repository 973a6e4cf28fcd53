"""`cdp-etl quarantine`: the records that were refused, and why.

It reads the lake and not the warehouse, so that a dump that was refused as a whole can be looked into. How records
are judged again stands in `replay.py`.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cdp_etl.cli.options import (
    AsJson,
    EntityNames,
    FromDayOrAll,
    OneDay,
    OneEntity,
    ToDayOrAll,
    chosen,
)
from cdp_etl.cli.output import err, out, print_json_array, print_table, progress
from cdp_etl.cli.replay import replay_command
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize import NormalizedDump, latest_normalized
from cdp_etl.normalize.lake.history import dumps_between
from cdp_etl.normalize.quarantine.export import ExportForm, write_export
from cdp_etl.normalize.quarantine.read import (
    NotInQuarantineError,
    RefusedRecord,
    refused_at,
    refused_records,
    refused_with_bytes,
)
from cdp_etl.settings import load_settings

quarantine = typer.Typer(help="Records that were refused, with their reasons.", no_args_is_help=True)

_MOST_REASONS = 20
_SHOWN_IN_A_TABLE = 50

Reason = Annotated[
    str | None,
    typer.Option(
        metavar="REASON", help='Only for this reason, "actionAt: out of range", or any about this field, actionAt.'
    ),
]


@quarantine.command("list")
def list_command(  # noqa: PLR0913 - each is an option
    *,
    entity: EntityNames = None,
    first: FromDayOrAll = None,
    last: ToDayOrAll = None,
    reason: Reason = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"How many records at most; {_SHOWN_IN_A_TABLE} in a table, all with --json."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List refused records: file, position and all reasons. Their bytes are not shown: they may be personal.

    Example: `cdp-etl quarantine list --entity email-interaction --from 2026-03-02 --to 2026-03-02`
    """
    records = (record for dump in _dumps(chosen(entity), first, last) for record in refused_records(dump, reason))
    if as_json:
        print_json_array(map(_told, islice(records, limit)))
        return
    _print(records, limit or _SHOWN_IN_A_TABLE)


@quarantine.command("show")
def show_command(
    entity: OneEntity,
    dump_date: OneDay,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Path within the dump, as `list` shows it.")],
    position: Annotated[int, typer.Argument(metavar="POSITION", min=1, help="Line, row or element, from 1.")],
) -> None:
    """Give the bytes of a refused record as delivered; the reasons go to standard error.

    Several entries of an API payload in one line share its position; each is given on a line of its own.

    Example: `cdp-etl quarantine show email-interaction 2026-03-02 part-1.ndjson 17`
    """
    dump = latest_normalized(load_settings().lake, entity, dump_date)
    if dump is None:
        raise NotInQuarantineError(f"{entity.name} {dump_date}: not in the lake; `cdp-etl run` takes it there.")
    found = refused_at(dump, file, position)
    for record, raw in found:
        for reason in record.reasons:
            err().print(reason, markup=False)
        _print_bytes(raw, is_one_of_several=len(found) > 1)


@quarantine.command("export")
def export_command(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: .ndjson or .csv; must not exist.")],
    entity: EntityNames = None,
    first: FromDayOrAll = None,
    last: ToDayOrAll = None,
    reason: Reason = None,
) -> None:
    """Write refused records to a file: place, reasons, and the bytes as delivered, as text or else in base64.

    The file holds personal data; only its owner can read it.

    Example: `cdp-etl quarantine export refused.csv --entity email-interaction --reason eventAt`
    """
    form = _form(target)
    if not target.parent.is_dir():
        raise typer.BadParameter(f"{target.parent} is no folder")
    dumps = _dumps(chosen(entity), first, last)
    with progress() as say:
        say("Writing …")
        written = write_export(
            (refused for dump in dumps for refused in refused_with_bytes(dump, reason)), target, form
        )
    out().print(f"{target}: {written} records.", markup=False)


quarantine.command("replay")(replay_command)


def _dumps(entities: list[Entity], first: date | None, last: date | None) -> Iterator[NormalizedDump]:
    lake = load_settings().lake
    for entity in entities:
        yield from dumps_between(lake, entity, first, last)


def _form(target: Path) -> ExportForm:
    match target.suffix:
        case ".ndjson":
            return "ndjson"
        case ".csv":
            return "csv"
    raise typer.BadParameter(f"{target.name} ends in neither .ndjson nor .csv, which says the form")


def _told(record: RefusedRecord) -> dict[str, Any]:
    return {
        "entity": record.entity,
        "dump_date": record.dump_date,
        "source_file": record.file,
        "source_position": record.position,
        "reasons": record.reasons,
    }


def _print(records: Iterator[RefusedRecord], limit: int) -> None:
    """Print some records, and of all of them the reasons; a position is for `show`, so without separators."""
    shown: list[RefusedRecord] = []
    reasons: Counter[str] = Counter()
    total = 0
    for record in records:
        total += 1
        reasons.update(record.reasons)
        if total <= limit:
            shown.append(record)
    if not total:
        out().print("No record is in quarantine.")
        return
    print_table(
        ("entity", "dump date", "file", "position", "reasons"),
        (
            (one.entity.replace("_", "-"), one.dump_date, one.file, str(one.position), "; ".join(one.reasons))
            for one in shown
        ),
    )
    if total > limit:
        out().print(f"{limit} of {total} records; --limit shows more, --json all.")
    print_table(("reason", "records"), reasons.most_common(_MOST_REASONS), title="Commonest reasons")


def _print_bytes(raw: bytes, *, is_one_of_several: bool) -> None:
    """Print the bytes as they are; on a terminal harmless, since whoever delivered them could steer it by them."""
    if sys.stdout.isatty():
        text = raw.decode("utf-8", errors="backslashreplace")
        sys.stdout.write("".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + "\n")
        return
    sys.stdout.buffer.write(raw + b"\n" if is_one_of_several else raw)
    sys.stdout.buffer.flush()

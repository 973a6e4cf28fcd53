"""`cdp-etl quarantine`: list, show, export and replay quarantined records.

The commands read the lake and not the warehouse, because a dump that was refused as a whole is only in the lake.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.options import (
    AsJson,
    EntityNames,
    FromDateOrAll,
    OneDate,
    OneEntity,
    ToDateOrAll,
    selected_entities,
)
from cdp_etl.cli.output import err, out, print_json_array, print_table, progress
from cdp_etl.cli.replay import replay_command
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize import NormalizedDump, latest_normalized
from cdp_etl.normalize.lake.history import dumps_between
from cdp_etl.normalize.quarantine.explain import with_explanations
from cdp_etl.normalize.quarantine.export import ExportFormat, write_export
from cdp_etl.normalize.quarantine.read import (
    NotInQuarantineError,
    QuarantinedRecord,
    quarantined_at,
    quarantined_with_bytes,
)
from cdp_etl.settings import load_settings

quarantine = subcommands("List, show, export and replay quarantined records.")

_MAX_REASONS = 20
_MAX_TABLE_ROWS = 50
_RECORDS_PER_REPORT = 10_000

Reason = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help='Only this reason ("actionAt: out of range"), or any reason about this field (actionAt).',
    ),
]


@quarantine.command("list")
def list_command(  # noqa: PLR0913 - each is an option
    *,
    entity: EntityNames = None,
    first: FromDateOrAll = None,
    last: ToDateOrAll = None,
    reason: Reason = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Maximum number of records; {_MAX_TABLE_ROWS} in a table, no limit with --json if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List quarantined records with file, position and all reasons, without their content.

    The content may be personal data; `show` prints it.

    Example: `cdp-etl quarantine list --entity email-interaction --from 2026-03-02 --to 2026-03-02`
    """
    dumps = _dumps(selected_entities(entity), first, last)
    records = _with_dumps(dumps, reason)
    if as_json:
        print_json_array(_json_row(with_explanations(*one)) for one in islice(records, limit))
        return
    _print(records, limit or _MAX_TABLE_ROWS)


@quarantine.command("show")
def show_command(
    entity: OneEntity,
    dump_date: OneDate,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Path within the dump, as shown by `list`.")],
    position: Annotated[int, typer.Argument(metavar="POSITION", min=1, help="Line, row or element, from 1.")],
) -> None:
    """Print the bytes of a quarantined record as delivered, and the reasons on standard error.

    Several entries of an API payload in one line have the same position; each is printed on its own line.

    Example: `cdp-etl quarantine show email-interaction 2026-03-02 part-1.ndjson 17`
    """
    dump = latest_normalized(load_settings().lake, entity, dump_date)
    if dump is None:
        raise NotInQuarantineError(f"{entity.name} {dump_date}: not in the lake; `cdp-etl run` normalizes it.")
    found = quarantined_at(dump, file, position)
    for record, raw in found:
        for reason in with_explanations(dump, record, raw).explained_reasons:
            err().print(reason)
        _print_bytes(raw, is_one_of_several=len(found) > 1)


@quarantine.command("export")
def export_command(  # noqa: PLR0913 - each is an option
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="File to write, .ndjson or .csv; must not exist.")
    ],
    *,
    entity: EntityNames = None,
    first: FromDateOrAll = None,
    last: ToDateOrAll = None,
    reason: Reason = None,
    for_spreadsheet: Annotated[
        bool,
        typer.Option(
            "--for-spreadsheet",
            help="CSV: put a ' before texts that a spreadsheet would evaluate as formulas.",
        ),
    ] = False,
) -> None:
    """Write quarantined records to a file: position, reasons, and the bytes as text, or as base64 if not UTF-8.

    The file contains personal data; only its owner can read it.

    Example: `cdp-etl quarantine export refused.csv --entity email-interaction --reason eventAt`
    """
    export_format = _export_format(target)
    if for_spreadsheet and export_format != "csv":
        raise typer.BadParameter("--for-spreadsheet is for .csv only")
    if not target.parent.is_dir():
        raise typer.BadParameter(f"{target.parent} is no folder")
    dumps = _dumps(selected_entities(entity), first, last)
    with progress() as report:
        report("Writing …")
        count = write_export(
            ((with_explanations(dump, record, raw), raw) for dump, record, raw in _with_dumps(dumps, reason)),
            target,
            export_format,
            for_spreadsheet=for_spreadsheet,
        )
    out().print(f"{target}: {count} records.")


quarantine.command("replay")(replay_command)


def _dumps(entities: list[Entity], first: date | None, last: date | None) -> Iterator[NormalizedDump]:
    lake = load_settings().lake
    for entity in entities:
        yield from dumps_between(lake, entity, first, last)


def _with_dumps(
    dumps: Iterator[NormalizedDump], reason: str | None
) -> Iterator[tuple[NormalizedDump, QuarantinedRecord, bytes]]:
    for dump in dumps:
        for record, raw in quarantined_with_bytes(dump, reason):
            yield dump, record, raw


def _export_format(target: Path) -> ExportFormat:
    match target.suffix:
        case ".ndjson":
            return "ndjson"
        case ".csv":
            return "csv"
    raise typer.BadParameter(f"{target.name} must end in .ndjson or .csv")


def _json_row(record: QuarantinedRecord) -> dict[str, Any]:
    return {
        "entity": record.entity,
        "dump_date": record.dump_date,
        "source_file": record.file,
        "source_position": record.position,
        "reasons": record.reasons,
        "explanations": record.explanations,
    }


def _print(records: Iterator[tuple[NormalizedDump, QuarantinedRecord, bytes]], limit: int) -> None:
    """Print a limited number of records, and the reasons of all.

    Positions have no thousands separators, so that they can be copied into `show`.
    """
    listed: list[QuarantinedRecord] = []
    reasons: Counter[str] = Counter()
    total = 0
    with progress() as report:
        for dump, record, raw in records:
            total += 1
            reasons.update(record.reasons)
            if total <= limit:
                listed.append(with_explanations(dump, record, raw))
            if total % _RECORDS_PER_REPORT == 0:
                report(f"{dump.entity} {dump.dump_date}: {total} records read")
    if not total:
        out().print("The quarantine is empty.")
        return
    print_table(
        ("entity", "dump date", "file", "position", "reasons"),
        (
            (
                one.entity.replace("_", "-"),
                one.dump_date,
                one.file,
                str(one.position),
                "; ".join(one.explained_reasons),
            )
            for one in listed
        ),
    )
    if total > limit:
        out().print(f"{limit} of {total} records; --limit prints more, --json all.")
    print_table(("reason", "records"), reasons.most_common(_MAX_REASONS), title="Most common reasons")


def _print_bytes(raw: bytes, *, is_one_of_several: bool) -> None:
    """Print the bytes unchanged, or escaped on a terminal, which control characters could steer."""
    if sys.stdout.isatty():
        text = raw.decode("utf-8", errors="backslashreplace")
        sys.stdout.write("".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + "\n")
        return
    sys.stdout.buffer.write(raw + b"\n" if is_one_of_several else raw)
    sys.stdout.buffer.flush()

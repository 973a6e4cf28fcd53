"""`cdp-etl quarantine replay`: dumps with refused records judged again, after a rule or a setting was mended.

There is no second path: the dumps are normalized again from the raw archive, and loaded as any dump is
(RULINGS 11).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import typer

from cdp_etl.cli.options import EntityNames, FromDay, ToDay, chosen
from cdp_etl.cli.output import out, print_error, print_table, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import InProcess, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.sensors.metrics import write_metrics_file
from cdp_etl.normalize import latest_normalized
from cdp_etl.normalize.lake.history import dumps_between
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import ledger

_AGAIN = (Layer.NORMALIZED, Layer.STAGING)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A dump with records in quarantine, before it is judged again."""

    entity: Entity
    dump_date: date
    quarantined: int


def replay_command(*, first: FromDay, last: ToDay = None, entity: EntityNames = None) -> None:
    """Judge dumps that have refused records again, load them, and bring the marts up to date.

    They are read from the raw archive, with the rules and settings as they are now: what is accepted now joins its
    dump. Where nothing has changed, nothing is loaded, and the ledger says so. A file that the source has mended
    is a new delivery: `cdp-etl run` takes it.

    Example: `cdp-etl quarantine replay --from 2026-03-01 --to 2026-03-03 --entity email-interaction`
    """
    settings = load_settings()
    last = last or first
    require_dump_dates(settings, first, last)
    before = [
        _Refused(one, dump.dump_date, dump.quarantined)
        for one in chosen(entity)
        for dump in dumps_between(settings.lake, one, first, last)
        if dump.quarantined
    ]
    if not before:
        out().print("No record is in quarantine.")
        return
    with open_instance(settings) as instance, progress() as say:
        pipeline = InProcess(settings, instance, say)
        ends = [
            pipeline.load([one], *days, LoadConfig(), _AGAIN)
            for one, dumps in groupby(before, key=lambda refused: refused.entity)
            for days in _ranges([refused.dump_date for refused in dumps])
        ]
        ends.append(pipeline.marts(first, last))
        write_metrics_file(settings)
    _print(settings, before, first, last)
    failures = [failure for end in ends for failure in end.failures]
    for failure in failures:
        print_error(failure)
    if failures:
        raise typer.Exit(1)


def _ranges(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Give the first and last of each run of days without a gap; the days come in order."""
    for _, run in groupby(enumerate(days), key=lambda numbered: numbered[1] - timedelta(days=numbered[0])):
        together = [day for _, day in run]
        yield together[0], together[-1]


def _print(settings: Settings, before: Sequence[_Refused], first: date, last: date) -> None:
    attempts = {
        (row["entity"], row["dump_date"]): row
        for row in ledger(settings.open_warehouse(), None, first, last).iter_rows(named=True)
    }
    rows = []
    for refused in before:
        dump = latest_normalized(settings.lake, refused.entity, refused.dump_date)
        attempt = attempts.get((refused.entity.table, refused.dump_date), {})
        now = None if dump is None else dump.quarantined
        rows.append(
            (
                refused.dump_date,
                refused.entity.name,
                attempt.get("status"),
                refused.quarantined,
                now,
                attempt.get("reason"),
            )
        )
    print_table(
        ("dump date", "entity", "status", "quarantined before", "quarantined now", "why"),
        rows,
        title="Dumps judged again",
    )

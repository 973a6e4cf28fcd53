"""`cdp-etl doctor`: what is not right with an installation, in plain words."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from cdp_etl.alerts import ReceiverConfigError
from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import print_json, print_table, progress
from cdp_etl.defs.runtime.health import daemons, run_count
from cdp_etl.defs.runtime.instance import InstanceError, open_instance
from cdp_etl.entities import ENTITIES
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import check_landing
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.pipeline.unapplied_loads import pending_loads
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import WarehouseMissingError

_LEAST_FREE_BYTES = 2 * 1024**3
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at: whether it is well, and a sentence."""

    what: str
    is_well: bool
    sentence: str


def doctor_command(*, as_json: AsJson = False) -> None:
    """Examine settings, zone, disk, warehouse, marts and Dagster; what is not well exits with 1.

    Nothing is changed.

    Example: `cdp-etl doctor`
    """
    settings = load_settings()
    with progress() as say:
        found = []
        for symptom in _examine(settings):
            say(f"{symptom.what}: {symptom.sentence}")
            found.append(symptom)
    if as_json:
        print_json([{"what": one.what, "is_well": one.is_well, "sentence": one.sentence} for one in found])
    else:
        print_table(("what", "well", "found"), [(one.what, one.is_well, one.sentence) for one in found])
    if not all(symptom.is_well for symptom in found):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Symptom]:
    yield Symptom("settings", is_well=True, sentence="Every setting is known and valid.")
    yield from _zones(settings)
    yield _disk(settings.data)
    yield _warehouse(settings)
    yield _snapshot(settings)
    yield _alerts(settings)
    yield from _dagster(settings)


def _zones(settings: Settings) -> Iterator[Symptom]:
    zones = {entity.name: settings.zone(entity) for entity in ENTITIES}
    for zone in check_landing(zones, [datetime.now(UTC).date()], settings.archive):
        yield Symptom(f"landing zone of {zone.entity}", not zone.fault, zone.fault or f"{zone.zone} answers.")


def _disk(folder: Path) -> Symptom:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    return Symptom("disk", free >= _LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB are free at {there}.")


def _warehouse(settings: Settings) -> Symptom:
    """Open the warehouse and compare the marts with the ledger."""
    try:
        pending = pending_loads(replace(settings.open_warehouse(), lock_timeout_seconds=_PATIENCE_SECONDS))
    except WarehouseMissingError:
        return Symptom("warehouse", is_well=True, sentence="Nothing was loaded yet.")
    except CdpEtlError as error:
        return Symptom("warehouse", is_well=False, sentence=str(error))
    if pending is None:
        return Symptom("warehouse", is_well=True, sentence="It opens, and the marts hold every load.")
    return Symptom(
        "warehouse",
        is_well=False,
        sentence=f"The marts lack load {pending.newest_load_seq}; run the job `marts`, or `cdp-etl run`.",
    )


def _snapshot(settings: Settings) -> Symptom:
    snapshot = latest_snapshot(settings.published)
    if snapshot is None:
        return Symptom("snapshot", is_well=True, sentence="Nothing was published yet.")
    return Symptom(
        "snapshot",
        is_well=True,
        sentence=f"As of load {snapshot.as_of}, of {snapshot.published_at:%Y-%m-%d %H:%M} UTC.",
    )


def _alerts(settings: Settings) -> Symptom:
    """Tell who is told what is wrong; nobody is a choice, half a receiver is not."""
    try:
        names = [receiver.name for receiver in settings.receivers()]
    except ReceiverConfigError as error:
        return Symptom("alerts", is_well=False, sentence=str(error))
    told = ", ".join(names) or "nobody; CDP_ETL_ALERT_WEBHOOK_URL and CDP_ETL_ALERT_SMTP_HOST set somebody"
    return Symptom("alerts", is_well=True, sentence=f"Told is {told}.")


def _dagster(settings: Settings) -> Iterator[Symptom]:
    try:
        with open_instance(settings) as instance:
            runs = run_count(instance)
            asleep = [daemon.name for daemon in daemons(instance) if not daemon.is_alive]
    except InstanceError as error:
        yield Symptom("Dagster's storage", is_well=False, sentence=str(error))
        return
    yield Symptom("Dagster's storage", is_well=True, sentence=f"It answers and knows {runs} runs.")
    yield Symptom(
        "Dagster's daemon",
        not asleep,
        f"Not running: {', '.join(asleep)}; schedule and sensors wait until `cdp-etl ui` or the service runs."
        if asleep
        else "It is running.",
    )

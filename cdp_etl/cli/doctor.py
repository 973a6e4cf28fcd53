"""`cdp-etl doctor`: health checks of an installation."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE

import typer

from cdp_etl.alerts.errors import ChannelConfigError
from cdp_etl.alerts.message import NO_CHANNEL
from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import print_checks, print_json, progress
from cdp_etl.defs.runtime.health import daemons, run_count
from cdp_etl.defs.runtime.instance import InstanceError, open_instance, require_intact_storage
from cdp_etl.entities import ENTITIES
from cdp_etl.errors import CdpEtlError, UsageError
from cdp_etl.landing import probe_zones
from cdp_etl.marts.errors import MartError, SnapshotDamagedError
from cdp_etl.marts.snapshot.publish import find_key, latest_snapshot, require_own_snapshot, usable_snapshot
from cdp_etl.pipeline.lost_warehouse import require_no_snapshot
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl.pipeline.unapplied_loads import find_unapplied_loads
from cdp_etl.report.errors import ReportExtraMissingError, is_report_installed
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import WarehouseLostError, WarehouseMissingError, has_deleted_secret

_MIN_FREE_BYTES = 2 * 1024**3
_LOCK_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Result of one health check.

    Attributes:
        name: What was checked.
        ok: Whether it is well.
        detail: A sentence about it.
    """

    name: str
    ok: bool
    detail: str


def doctor_command(*, as_json: AsJson = False) -> None:
    """Check the health of the installation. Change nothing.

    The checks are about settings, landing zones, disk, warehouse, marts, report, alerts and Dagster. Exit with
    status 1 if one fails.

    Example: `cdp-etl doctor`
    """
    settings = load_settings()
    with progress() as report:
        checks = []
        for check in _checks(settings):
            report(f"{check.name}: {check.detail}")
            checks.append(check)
    if as_json:
        print_json([{"what": check.name, "is_well": check.ok, "sentence": check.detail} for check in checks])
    else:
        print_checks(("check", "ok", "detail"), [(check.name, check.ok, check.detail) for check in checks])
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _checks(settings: Settings) -> Iterator[HealthCheck]:
    yield _settings(settings)
    yield from _zones(settings)
    yield _disk(settings.data)
    yield _access(settings)
    yield _warehouse(settings)
    yield from _rules(settings)
    yield _snapshot(settings)
    yield _pseudonym_key(settings)
    yield _alerts(settings)
    yield _report()
    yield from _dagster(settings)


def _settings(settings: Settings) -> HealthCheck:
    """Check the files that settings name: vocabulary and segments. `load_settings` has checked the values."""
    try:
        settings.mart_settings()
    except UsageError as error:
        return HealthCheck("settings", ok=False, detail=str(error))
    return HealthCheck("settings", ok=True, detail="All settings are known and valid.")


def _zones(settings: Settings) -> Iterator[HealthCheck]:
    zones = {entity.name: settings.zone(entity) for entity in ENTITIES}
    for zone in probe_zones(zones, [datetime.now(UTC).date()], settings.archive):
        detail = zone.fault or f"{zone.zone} is reachable."
        yield HealthCheck(f"landing zone of {zone.entity}", not zone.fault, detail)


def _disk(folder: Path) -> HealthCheck:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    return HealthCheck("disk", free >= _MIN_FREE_BYTES, f"{free / 1024**3:.1f} GiB are free at {existing}.")


def _access(settings: Settings) -> HealthCheck:
    """Check that only the owner and the group of readers can enter the data folder."""
    name, data = "access", settings.data
    if not data.exists():
        return HealthCheck(name, ok=True, detail=f"{data} does not exist yet.")
    mode = data.stat().st_mode
    wanted = settings.readers().mode(mode)
    if S_IMODE(mode) & ~wanted:
        return HealthCheck(name, ok=False, detail=f"Others can enter {data}. Run `chmod {wanted:o} {data}`.")
    group = settings.readers_group
    readers = "its owner" if group is None else f"its owner and the group {group}"
    return HealthCheck(name, ok=True, detail=f"Only {readers} can enter {data}.")


def _warehouse(settings: Settings) -> HealthCheck:
    """Check that the warehouse opens, that the marts have applied every load, and that no secret is left in it."""
    try:
        warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=_LOCK_TIMEOUT_SECONDS)
        unapplied = find_unapplied_loads(warehouse)
        with warehouse.reading() as connection:
            must_compact = has_deleted_secret(connection)
            require_own_snapshot(connection, settings.published, warehouse.path)
    except WarehouseMissingError:
        return _missing_warehouse(settings)
    except CdpEtlError as error:
        return HealthCheck("warehouse", ok=False, detail=str(error))
    if must_compact:
        return HealthCheck(
            "warehouse",
            ok=False,
            detail="Its free space contains the former secret of the pseudonyms. Run `cdp-etl compact`; it needs"
            " free disk space of the file's size.",
        )
    if unapplied is None:
        return HealthCheck("warehouse", ok=True, detail="It opens, and the marts have applied every load.")
    return HealthCheck(
        "warehouse",
        ok=False,
        detail=f"The marts lack load {unapplied.newest_load_seq}. Run the job `marts` or `cdp-etl run`.",
    )


def _rules(settings: Settings) -> Iterator[HealthCheck]:
    """Check that all dumps were normalized by the present rules; one that cannot be replayed is only named."""
    try:
        warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=_LOCK_TIMEOUT_SECONDS)
        older = find_older_rules(settings, warehouse)
    except CdpEtlError:  # the check of the warehouse reports it
        return
    yield HealthCheck(
        "rules", not older.replayable, older.sentence or "All dumps were normalized by the present rules."
    )


def _missing_warehouse(settings: Settings) -> HealthCheck:
    try:
        require_no_snapshot(settings)
    except WarehouseLostError as error:
        return HealthCheck("warehouse", ok=False, detail=str(error))
    return HealthCheck("warehouse", ok=True, detail="Nothing was loaded yet.")


def _snapshot(settings: Settings) -> HealthCheck:
    try:
        snapshot = latest_snapshot(settings.published)
    except SnapshotDamagedError as error:
        return HealthCheck("snapshot", ok=False, detail=str(error))
    if snapshot is None:
        return HealthCheck("snapshot", ok=True, detail="Nothing was published yet.")
    published_at = f"{snapshot.published_at:%Y-%m-%d %H:%M} UTC"
    return HealthCheck("snapshot", ok=True, detail=f"As of load {snapshot.as_of}, published at {published_at}.")


def _pseudonym_key(settings: Settings) -> HealthCheck:
    """Check that a key can be used, and that only its owner can read it. Nothing is created."""
    name, rules = "pseudonym key", settings.publish_rules()
    if rules.has_personal_data:
        return HealthCheck(name, ok=True, detail="Not used: CDP_ETL_PUBLISH_PERSONAL_DATA is set.")
    snapshot = usable_snapshot(settings.published)
    try:
        key = find_key(rules, settings.published)
    except MartError as error:
        return HealthCheck(name, ok=False, detail=str(error))
    if key is None:
        return HealthCheck(name, ok=True, detail="The first publish creates it.")
    if rules.key_file.stat().st_mode & 0o077:
        detail = f"Others can read {rules.key_file}. Run `chmod 600 {rules.key_file}`."
        return HealthCheck(name, ok=False, detail=detail)
    if snapshot is not None and snapshot.key_id != key.key_id:
        return HealthCheck(
            name, ok=True, detail="The snapshot has another key; the next publish writes all months."
        )
    return HealthCheck(name, ok=True, detail=f"{rules.key_file}. Keep a copy apart from the backups.")


def _report() -> HealthCheck:
    """Check the extra of the daily report. An installation without it is valid."""
    if is_report_installed():
        return HealthCheck("report", ok=True, detail="The extra for the daily report is installed.")
    return HealthCheck("report", ok=True, detail=f"There is no asset report/daily. {ReportExtraMissingError()}")


def _alerts(settings: Settings) -> HealthCheck:
    """Check that the settings of alert channels are complete. No channel is a valid choice."""
    try:
        names = [channel.name for channel in settings.channels()]
    except ChannelConfigError as error:
        return HealthCheck("alerts", ok=False, detail=str(error))
    detail = f"Sent to {', '.join(names)}." if names else NO_CHANNEL
    return HealthCheck("alerts", ok=True, detail=detail)


def _dagster(settings: Settings) -> Iterator[HealthCheck]:
    try:
        require_intact_storage(settings)
        with open_instance(settings) as instance:
            runs = run_count(instance)
            stopped = [daemon.name for daemon in daemons(instance) if not daemon.is_alive]
    except InstanceError as error:
        yield HealthCheck("Dagster's storage", ok=False, detail=str(error))
        return
    yield HealthCheck("Dagster's storage", ok=True, detail=f"Reachable, with {runs} runs.")
    if not settings.daemon:
        yield HealthCheck("Dagster's daemon", ok=True, detail="Not used: CDP_ETL_DAEMON is false.")
        return
    yield HealthCheck(
        "Dagster's daemon",
        not stopped,
        f"Not running: {', '.join(stopped)}. Schedules and sensors wait for `cdp-etl ui` or the"
        " service. If cron runs `cdp-etl run`, set CDP_ETL_DAEMON=false."
        if stopped
        else "Running.",
    )

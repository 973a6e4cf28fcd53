"""Pipeline of one dump: pull, normalize, load. Records a failed or refused dump in the ledger."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from cdp_etl.contract.entity import Entity
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import (
    DumpRefusedError,
    FilesMissingError,
    Pull,
    latest_pull,
    pull_dump,
    require_record_counts,
)
from cdp_etl.normalize import (
    DumpUnreadableError,
    NormalizedDump,
    OutputDamagedError,
    latest_normalized,
    normalize_dump,
    require_intact,
)
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.stage_timing import timed_stage
from cdp_etl.settings import Settings
from cdp_etl.storage_errors import StorageError
from cdp_etl.warehouse import (
    LoadFailedError,
    LoadNotBalancedError,
    LoadResult,
    StagingDiffersError,
    Warehouse,
    WarehouseError,
    files_in_place,
    is_loaded,
    load_dump,
    record_attempt,
)

NO_FILES = "No file was delivered for this day; records loaded earlier are kept."
NONE_EXPECTED = "No file was delivered for this day, and none is expected."

_COUNTS = ("records_read", "accepted", "superseded", "quarantined", "with_warnings")

ReportProgress = Callable[[str], None]
"""Callback that receives a sentence before each step that can take long."""


class StageMissingError(CdpEtlError):
    """A stage was requested alone, but the stage before it has no result."""


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """Request to process one dump.

    Attributes:
        entity: The entity.
        dump_date: Day of the dump.
        layers: Layers to materialize. The newest result of any other layer is used as it is.
        force: Load the dump even if the same content is already loaded.
        accept_removal: Accept a delivery with fewer files than the previous pull, or with fewer records than
            `max_removed_share` allows.
        accept_removed_records: Accept the latter only.
        full_rescan: Download every file again, even if the listing is unchanged.
        run_id: Id of the run, for the ledger.
    """

    entity: Entity
    dump_date: date
    layers: Collection[Layer]
    force: bool
    accept_removal: bool = False
    accept_removed_records: bool = False
    full_rescan: bool = False
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class DumpOutcome:
    """Outcome of one dump.

    Attributes:
        dump_date: Day of the dump.
        pull: The dump in the raw archive; None if no file was delivered or the pull failed.
        normalized: The dump in the lake; None if this stage was not reached.
        load: Result of the load; None if this stage was not reached.
        error: Reason of the failure; None if the dump was processed or no file was delivered.
    """

    dump_date: date
    pull: Pull | None = None
    normalized: NormalizedDump | None = None
    load: LoadResult | None = None
    error: CdpEtlError | None = None


class NotInLedgerError(CdpEtlError):
    """A dump failed, and the warehouse that records it cannot be written either."""

    def __init__(self, error: CdpEtlError, cause: WarehouseError) -> None:
        super().__init__(f"{str(error).rstrip('.')}. This is not in the ledger: {cause}")


class LoadRefusedError(CdpEtlError):
    """The load was refused before it changed anything. The message is the reason in the ledger."""


def process_dump(settings: Settings, request: DumpRequest, report_progress: ReportProgress) -> DumpOutcome:
    """Process one dump through the requested layers.

    A failure of the dump is recorded in the ledger and returned as `error`. Unexpected exceptions are raised.
    """
    warehouse = settings.open_warehouse()
    outcome = DumpOutcome(request.dump_date)
    try:
        outcome = _pull(settings, request, outcome, report_progress)
        if outcome.pull is None:
            is_expected = settings.calendar(request.entity).expects(request.dump_date)
            reason = NO_FILES if is_expected else NONE_EXPECTED
            record_attempt(warehouse, request.entity, request.dump_date, "missing", reason, run_id=request.run_id)
            return outcome
        outcome = _normalize(settings, request, outcome, report_progress)
        return _load(settings, warehouse, request, outcome, report_progress)
    except WarehouseError as error:
        return replace(outcome, error=error)  # the ledger is in the warehouse, which cannot be used
    except LoadRefusedError as error:
        return replace(outcome, error=error)  # the load has already recorded the refusal
    except (CdpEtlError, OSError) as error:
        failure = StorageError(error) if isinstance(error, OSError) else error
        return replace(outcome, error=_record_failure(warehouse, request, failure))


def _record_failure(warehouse: Warehouse, request: DumpRequest, failure: CdpEtlError) -> CdpEtlError:
    """Write a failed dump to the ledger; return the failure, or one that says that this was impossible too."""
    status: Literal["refused", "failed"] = (
        "refused" if isinstance(failure, DumpRefusedError | DumpUnreadableError) else "failed"
    )
    try:
        record_attempt(warehouse, request.entity, request.dump_date, status, str(failure), run_id=request.run_id)
    except WarehouseError as cause:  # for example a full disk; the alert then comes from the failed run
        return NotInLedgerError(failure, cause)
    return failure


def is_recorded_in_ledger(error: CdpEtlError) -> bool:
    """Return whether the ledger contains the error of a dump. It does unless the warehouse cannot be used."""
    recorded = LoadFailedError | LoadNotBalancedError | StagingDiffersError
    return not isinstance(error, WarehouseError | NotInLedgerError) or isinstance(error, recorded)


def _pull(
    settings: Settings, request: DumpRequest, outcome: DumpOutcome, report_progress: ReportProgress
) -> DumpOutcome:
    entity, dump_date = request.entity, request.dump_date
    if Layer.LANDING in request.layers:
        report_progress(f"{entity.name} {dump_date}: pulling")
        with timed_stage(settings, "pull", entity.name, dump_date) as log_fields:
            pull = _pull_dump(settings, request)
            files = () if pull is None else pull.files
            log_fields |= {"files": len(files), "bytes": sum(file.bytes for file in files)}
        return replace(outcome, pull=pull)
    pull = latest_pull(settings.archive, entity.name, dump_date)
    if pull is None:
        raise StageMissingError(f"{entity.name} {dump_date}: nothing was pulled yet; materialize landing first.")
    return replace(outcome, pull=pull)


def _pull_dump(settings: Settings, request: DumpRequest) -> Pull | None:
    """Pull the dump. Accept the removal of files that were never loaded."""
    entity, dump_date = request.entity, request.dump_date
    zone = settings.zone(entity)
    rules = settings.pull_rules(accept_removal=request.accept_removal, full_rescan=request.full_rescan)
    try:
        return pull_dump(zone, entity.name, dump_date, settings.archive, rules)
    except FilesMissingError as error:
        if error.offered < files_in_place(settings.open_warehouse(), entity, dump_date):
            raise
        return pull_dump(zone, entity.name, dump_date, settings.archive, replace(rules, accept_removal=True))


def _normalize(
    settings: Settings, request: DumpRequest, outcome: DumpOutcome, report_progress: ReportProgress
) -> DumpOutcome:
    entity, dump_date, pull = request.entity, request.dump_date, outcome.pull
    if pull is None or not {Layer.NORMALIZED, Layer.STAGING}.intersection(request.layers):
        return outcome
    if Layer.NORMALIZED not in request.layers:
        normalized = latest_normalized(settings.lake, entity, dump_date)
        if normalized is None:
            raise StageMissingError(
                f"{entity.name} {dump_date}: not normalized yet; materialize normalized first."
            )
        return replace(outcome, normalized=normalized)
    report_progress(f"{entity.name} {dump_date}: normalizing {len(pull.files)} files")
    with timed_stage(settings, "normalize", entity.name, dump_date) as log_fields:
        normalized = normalize_pull(settings, entity, pull, report_progress)
        log_fields |= {count: getattr(normalized, count) for count in _COUNTS}
    require_record_counts({file.path: file.expected_records for file in pull.files}, normalized.records_by_file)
    return replace(outcome, normalized=normalized)


def normalize_pull(
    settings: Settings, entity: Entity, pull: Pull, report_progress: ReportProgress, *, rebuild: bool = False
) -> NormalizedDump:
    """Normalize a pull by the settings; with `rebuild` also if the lake has its output, because it is damaged.

    Raises:
        ArchiveDamagedError, DumpUnreadableError, RecordsLostError: See `normalize_dump`.
    """
    return normalize_dump(
        entity,
        pull.dump_date,
        pull.directory,
        pull.files,
        settings.lake,
        settings.normalization_settings(),
        batch_bytes=settings.batch_bytes,
        expansion=settings.expansion_bound(),
        max_columns=settings.max_columns,
        progress=report_progress,
        rebuild=rebuild,
    )


def _load(
    settings: Settings,
    warehouse: Warehouse,
    request: DumpRequest,
    outcome: DumpOutcome,
    report_progress: ReportProgress,
) -> DumpOutcome:
    pull = outcome.pull
    if outcome.normalized is None or pull is None or Layer.STAGING not in request.layers:
        return outcome
    normalized = _intact(settings, warehouse, request, pull, outcome.normalized, report_progress)
    outcome = replace(outcome, normalized=normalized)
    report_progress(f"{request.entity.name} {request.dump_date}: loading {normalized.accepted} records")
    accepts_removal = request.accept_removal or request.accept_removed_records
    with timed_stage(settings, "load", request.entity.name, request.dump_date) as log_fields:
        load = load_dump(
            warehouse,
            request.entity,
            normalized,
            pull.files,
            max_quarantine_rate=settings.quarantine_limit(request.entity),
            max_removed_share=None if accepts_removal else settings.max_removed_share,
            force=request.force,
            run_id=request.run_id,
        )
        log_fields |= {"status": load.status, "load_seq": load.load_seq, "changed_keys": load.changed_keys}
    if load.status == "refused":
        return replace(outcome, load=load, error=LoadRefusedError(load.reason))
    return replace(outcome, load=load)


def _intact(  # noqa: PLR0913, PLR0917 - the dump, its files, and where they are
    settings: Settings,
    warehouse: Warehouse,
    request: DumpRequest,
    pull: Pull,
    normalized: NormalizedDump,
    report_progress: ReportProgress,
) -> NormalizedDump:
    """Return the output that will be loaded, after a comparison of its files with their hashes.

    Raises:
        OutputDamagedError: If it is damaged, and the request does not include normalization, which rebuilds it.
    """
    entity, fingerprint = request.entity, normalized.content_fingerprint
    if not request.force and is_loaded(warehouse, entity, request.dump_date, fingerprint):
        return normalized  # nothing of it will be read
    try:
        require_intact(settings.lake, entity, normalized)
    except OutputDamagedError as error:
        if Layer.NORMALIZED not in request.layers:
            raise
        report_progress(f"{entity.name} {request.dump_date}: normalizing again. {error}")
        return normalize_pull(settings, entity, pull, report_progress, rebuild=True)
    return normalized

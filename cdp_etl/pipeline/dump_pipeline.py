"""One dump on its way: pulled, normalized, loaded, as far as is asked; and what came of it.

Put here the order of the stages for one entity and day, and what the ledger is told of a day that does not get
through. The stages themselves know nothing of one another, and nothing here knows Dagster.
"""

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
    latest_normalized,
    normalize_dump,
)
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.stage_timing import stage
from cdp_etl.settings import Settings
from cdp_etl.warehouse import (
    LoadFailedError,
    LoadNotBalancedError,
    LoadResult,
    Warehouse,
    WarehouseError,
    files_in_place,
    load_dump,
    record_attempt,
)

NO_FILES = "No file was delivered for this day; what was loaded before stays."
NONE_EXPECTED = "No file was delivered for this day, and none is expected."

_COUNTS = ("records_read", "accepted", "superseded", "quarantined", "with_warnings")

Say = Callable[[str], None]
"""Told a sentence at each step that may take a while."""


class StageMissingError(CdpEtlError):
    """A stage was asked for alone, and the one before it has left nothing to work on."""


@dataclass(frozen=True, slots=True)
class DayRequest:
    """What is asked for one entity and day.

    Attributes:
        entity: The entity.
        dump_date: Day the source system delivered the dump.
        layers: The layers to make; a layer left out is taken as it stands.
        is_forced: Whether a dump that is loaded with the same content is loaded again.
        accept_removal: Whether a delivery of fewer files than before is taken.
        deep: Whether every file is pulled again, whatever the listing says.
        run_id: The run, for the ledger.
    """

    entity: Entity
    dump_date: date
    layers: Collection[Layer]
    is_forced: bool
    accept_removal: bool = False
    deep: bool = False
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What came of one entity and day.

    Attributes:
        dump_date: The day.
        pull: The dump in the raw archive; None where no file was delivered, or the pull failed.
        normalized: The dump in the lake; None where it was not reached.
        load: How the load ended; None where it was not reached.
        error: Why it did not get through; None where it did, or where no file was delivered.
    """

    dump_date: date
    pull: Pull | None = None
    normalized: NormalizedDump | None = None
    load: LoadResult | None = None
    error: CdpEtlError | None = None


class LoadRefusedError(CdpEtlError):
    """The load was refused before it changed anything; the text is the ledger's reason."""


def take_day(settings: Settings, request: DayRequest, say: Say) -> DayOutcome:
    """Take one dump through the layers that are asked for.

    What is wrong with a dump comes back as `error` and stands in the ledger; a fault of the program is raised.
    """
    warehouse = settings.open_warehouse()
    outcome = DayOutcome(request.dump_date)
    try:
        outcome = _pulled(settings, request, outcome, say)
        if outcome.pull is None:
            is_expected = settings.calendar(request.entity).expects(request.dump_date)
            reason = NO_FILES if is_expected else NONE_EXPECTED
            record_attempt(warehouse, request.entity, request.dump_date, "empty", reason, run_id=request.run_id)
            return outcome
        outcome = _normalized(settings, request, outcome, say)
        return _loaded(settings, warehouse, request, outcome, say)
    except WarehouseError as error:
        return replace(outcome, error=error)  # the ledger cannot be written where the warehouse cannot be used
    except LoadRefusedError as error:
        return replace(outcome, error=error)  # the load wrote its row of the ledger itself
    except CdpEtlError as error:
        status: Literal["refused", "failed"] = (
            "refused" if isinstance(error, DumpRefusedError | DumpUnreadableError) else "failed"
        )
        record_attempt(warehouse, request.entity, request.dump_date, status, str(error), run_id=request.run_id)
        return replace(outcome, error=error)


def stands_in_the_ledger(error: CdpEtlError) -> bool:
    """Tell whether the ledger knows of a day's error: it does unless the warehouse itself could not be used."""
    return not isinstance(error, WarehouseError) or isinstance(error, LoadFailedError | LoadNotBalancedError)


def _pulled(settings: Settings, request: DayRequest, outcome: DayOutcome, say: Say) -> DayOutcome:
    entity, dump_date = request.entity, request.dump_date
    if Layer.LANDING in request.layers:
        say(f"{entity.name} {dump_date}: pulling")
        with stage(settings, "pull", entity.name, dump_date) as figures:
            pull = _pull(settings, request)
            files = () if pull is None else pull.files
            figures |= {"files": len(files), "bytes": sum(file.bytes for file in files)}
        return replace(outcome, pull=pull)
    pull = latest_pull(settings.archive, entity.name, dump_date)
    if pull is None:
        raise StageMissingError(f"{entity.name} {dump_date}: nothing was pulled yet; materialize landing first.")
    return replace(outcome, pull=pull)


def _pull(settings: Settings, request: DayRequest) -> Pull | None:
    """Pull the dump; files that are gone are missed only where they were loaded (RULINGS 9)."""
    entity, dump_date = request.entity, request.dump_date
    zone = settings.zone(entity)
    rules = settings.pull_rules(accept_removal=request.accept_removal, deep=request.deep)
    try:
        return pull_dump(zone, entity.name, dump_date, settings.archive, rules)
    except FilesMissingError as error:
        if error.offered < files_in_place(settings.open_warehouse(), entity, dump_date):
            raise
        return pull_dump(zone, entity.name, dump_date, settings.archive, replace(rules, accept_removal=True))


def _normalized(settings: Settings, request: DayRequest, outcome: DayOutcome, say: Say) -> DayOutcome:
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
    say(f"{entity.name} {dump_date}: normalizing {len(pull.files)} files")
    with stage(settings, "normalize", entity.name, dump_date) as figures:
        normalized = normalize_dump(
            entity,
            dump_date,
            pull.directory,
            pull.files,
            settings.lake,
            settings.rules(),
            batch_bytes=settings.batch_bytes,
            expansion=settings.expansion_bound(),
            progress=say,
        )
        figures |= {count: getattr(normalized, count) for count in _COUNTS}
    require_record_counts({file.path: file.expected_records for file in pull.files}, normalized.records_by_file)
    return replace(outcome, normalized=normalized)


def _loaded(
    settings: Settings, warehouse: Warehouse, request: DayRequest, outcome: DayOutcome, say: Say
) -> DayOutcome:
    if outcome.normalized is None or outcome.pull is None or Layer.STAGING not in request.layers:
        return outcome
    say(f"{request.entity.name} {request.dump_date}: loading {outcome.normalized.accepted} records")
    with stage(settings, "load", request.entity.name, request.dump_date) as figures:
        load = load_dump(
            warehouse,
            request.entity,
            outcome.normalized,
            outcome.pull.files,
            max_quarantine_rate=settings.quarantine_limit(request.entity),
            force=request.is_forced,
            run_id=request.run_id,
        )
        figures |= {"status": load.status, "load_seq": load.load_seq, "changed_keys": load.changed_keys}
    if load.status == "refused":
        return replace(outcome, load=load, error=LoadRefusedError(load.reason))
    return replace(outcome, load=load)

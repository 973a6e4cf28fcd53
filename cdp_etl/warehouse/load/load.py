"""Load of one normalized dump into the warehouse: the order of the steps, in one transaction.

After the commit a new connection to the reopened file compares the dump's rows with the lake. A difference undoes
the load.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import LoadFailedError, StagingDiffersError, WarehouseError
from cdp_etl.warehouse.load import (
    change_feed,
    consent_statements,
    contact_shaped_ids,
    current_versions,
    invariants,
    lake_comparison,
    ledger,
    redelivery,
    replace_rows,
)
from cdp_etl.warehouse.load.custom_field_merge import merge_custom_fields
from cdp_etl.warehouse.load.ledger import Outcome, Status
from cdp_etl.warehouse.load.protocols import DumpDelivery, LoadableDump, LoadedFile
from cdp_etl.warehouse.load.redelivery import Difference
from cdp_etl.warehouse.load.unmapped_events import UnmappedEvents, unmapped_events
from cdp_etl.warehouse.schema import consent_backfill
from cdp_etl.warehouse.sql import transaction

_MAX_FINDINGS: Final = 10
"""Findings about a dump's files that the ledger stores; the run metadata has all."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Result of a load.

    Attributes:
        status: loaded; unchanged (the same content is in place); refused (nothing was changed).
        load_id: The row in the ledger.
        load_seq: The number of that row.
        reason: Why the dump was not loaded, in a sentence; if it was loaded, findings about its files or None.
        records_read: Records of the dump: accepted + superseded + quarantined.
        accepted: Records that are rows of staging.
        superseded: Valid records whose key occurs again later in the dump.
        quarantined: Invalid records.
        with_warnings: Accepted records with a warning.
        changed_keys: Keys written to the change feed.
        restored_versions: Keys whose older version is current again, because this dump lacks the newer one.
        difference: Difference from the previous load of the dump; None if nothing was loaded.
        refusals_without_contact: Refusals of consent for an unusable contact, on records without customer id; None
            if nothing was loaded, or if the entity states no consent.
        unmapped_events: Events without a type; None if nothing was loaded, or if the entity has no events.
        findings: Facts that a person should know, as sentences.
        in_place: If the status is unchanged, the result of the load in place; otherwise None.
    """

    status: Status
    load_id: str
    load_seq: int
    reason: str | None
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    changed_keys: int = 0
    restored_versions: int = 0
    difference: Difference | None = None
    refusals_without_contact: int | None = None
    unmapped_events: UnmappedEvents | None = None
    findings: tuple[str, ...] = ()
    in_place: "LoadResult | None" = None

    @property
    def shown(self) -> "LoadResult":
        """The load whose figures describe the dump: the load in place if this attempt found it unchanged."""
        return self.in_place or self


def load_dump(  # noqa: PLR0913 - the keyword arguments are the settings of a load
    warehouse: Warehouse,
    entity: Entity,
    normalized: LoadableDump,
    files: Sequence[LoadedFile],
    *,
    max_quarantine_rate: float,
    max_removed_share: float | None = None,
    force: bool,
    run_id: str | None,
) -> LoadResult:
    """Load a dump and replace the previous load of its entity and date. Loads may come in any order of dates.

    Args:
        warehouse: The warehouse.
        entity: The entity of the dump.
        normalized: The dump in the lake.
        files: Its delivered files, for `ops.dump_file`.
        max_quarantine_rate: Largest share of quarantined records that is loaded, 0 to 1.
        max_removed_share: Largest share of the records of the previous load that may be missing, 0 to 1; None if
            all may be.
        force: Whether to load the dump even if the same content is in place.
        run_id: The Dagster run, for the ledger.

    Returns:
        The result. A refused load changes the ledger only; the caller decides whether to raise.

    Raises:
        LoadNotBalancedError: If an invariant is violated. Only the ledger was changed.
        LoadFailedError: If DuckDB failed in a step. Only the ledger was changed.
        OutputOlderError: If an older release normalized the dump, without a column. Only the ledger was changed.
        StagingDiffersError: If the stored rows differ from the lake. Only the ledger was changed.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    delivery = DumpDelivery(entity, normalized, files, datetime.now(UTC), run_id)
    with warehouse.writing() as connection:
        not_loaded = _unchanged(connection, delivery, force=force) or _refused(normalized, max_quarantine_rate)
        if not_loaded:
            return _write_outcome(connection, delivery, not_loaded)
        try:
            with (
                warehouse.verified(connection, lambda reopened: _compare_with_lake(reopened, delivery)),
                transaction(connection),
            ):
                result = _replace(connection, delivery, max_removed_share, warehouse.vocabulary.machine_flags)
        except _RemovalRefusedError as refusal:
            removal = Outcome("refused", str(refusal))
            return _write_outcome(connection, delivery, removal)
        except (duckdb.Error, WarehouseError) as error:
            failure = _as_warehouse_error(error, delivery)
        else:
            return result
    _write_failure(warehouse, delivery, failure)
    raise failure


class _RemovalRefusedError(Exception):
    """The delivery lacks too many of the loaded records. The message is the reason in the ledger."""


def _replace(
    connection: duckdb.DuckDBPyConnection,
    delivery: DumpDelivery,
    max_removed_share: float | None,
    machine_flags: Sequence[str],
) -> LoadResult:
    invariants.check_columns(connection, delivery)
    attempt = ledger.begin_load(connection, delivery)
    findings = tuple(ledger.findings(connection, delivery))
    current_versions.find_versions(connection, delivery)
    invariants.check_keys_are_unique(connection, delivery)
    difference = redelivery.compare_with_previous_load(connection, delivery)
    removal = redelivery.removal(connection, difference)
    if removal is not None:
        if max_removed_share is not None and removal.share > max_removed_share:
            raise _RemovalRefusedError(removal.refusal(max_removed_share))
        findings = (*findings, removal.finding)
    merge_custom_fields(connection, delivery)
    current_versions.plan_others(connection, delivery)
    change_feed.write_before(connection, delivery, attempt)
    rows_updated = replace_rows.update_others(connection, delivery)
    invariants.check_one_version_is_current(connection, delivery, rows_updated)
    change_feed.write_after(connection, delivery, attempt)
    contact_shaped_ids.note_changed_decisions(connection, delivery, attempt.load_id)
    replace_rows.replace_accepted(connection, delivery, machine_flags)
    replace_rows.replace_quarantined_and_superseded(connection, delivery)
    replace_rows.replace_files(connection, delivery)
    contact_shaped_ids.add(connection, delivery)
    invariants.check_records_balance(connection, delivery)
    refusals_without_contact = consent_statements.write_of_dump(
        connection, delivery.entity, delivery.dump, attempt.load_seq
    )
    consent_backfill.close_gaps(connection, {(delivery.entity.table, delivery.dump.dump_date)})
    outcome = Outcome(
        "loaded",
        _said(delivery.dump),
        changed_keys=change_feed.count_changed_keys(connection, attempt),
        restored_versions=current_versions.count_restored_versions(connection),
        difference=difference,
        refusals_without_contact=refusals_without_contact,
    )
    ledger.write_attempt(connection, attempt, outcome, delivery)
    unmapped = unmapped_events(connection, delivery.entity, delivery.dump.dump_date)
    return _result(delivery, attempt, outcome, findings, unmapped)


def _said(dump: LoadableDump) -> str | None:
    """Return the findings about the files of a loaded dump in one text, as the ledger stores them."""
    findings = [finding.removesuffix(".") for finding in dump.findings[:_MAX_FINDINGS]]
    return "; ".join(findings) + "." if findings else None


def _compare_with_lake(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    different = lake_comparison.differences(connection, delivery.entity, delivery.dump)
    if different:
        raise StagingDiffersError(delivery.entity.name, delivery.dump.dump_date, "; ".join(different))


def _unchanged(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, *, force: bool) -> Outcome | None:
    in_place = ledger.fingerprint_in_place(connection, delivery.entity, delivery.dump.dump_date)
    if force or in_place != delivery.dump.content_fingerprint:
        return None
    return Outcome("unchanged", "The same files were loaded under the same rules already.")


def _refused(dump: LoadableDump, max_quarantine_rate: float) -> Outcome | None:
    if dump.quarantined <= max_quarantine_rate * dump.records_read:
        return None
    most_common = sorted(dump.reasons.items(), key=lambda reason: (-reason[1], reason[0]))[:3]
    named = "; ".join(f"{reason} ({count})" for reason, count in most_common)
    return Outcome(
        "refused",
        f"{dump.quarantined} of {dump.records_read} records are quarantined, more than the share of"
        f" {max_quarantine_rate:g} that is allowed; most common reasons: {named}.",
    )


def _write_outcome(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, outcome: Outcome) -> LoadResult:
    with transaction(connection):
        attempt = ledger.begin_load(connection, delivery)
        ledger.write_attempt(connection, attempt, outcome, delivery)
    result = _result(delivery, attempt, outcome, ())
    return replace(result, in_place=_in_place(connection, delivery)) if outcome.status == "unchanged" else result


def _in_place(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> LoadResult:
    """Return the result of the load in place, whose content is that of the delivery."""
    attempt, outcome = ledger.load_in_place(connection, delivery)
    findings = tuple(ledger.findings(connection, delivery))
    if outcome.difference is not None and (removed := outcome.difference.records_removed):
        loaded_before = delivery.dump.accepted - outcome.difference.records_added + removed
        findings = (*findings, redelivery.Removal(removed, loaded_before).finding)
    unmapped = unmapped_events(connection, delivery.entity, delivery.dump.dump_date)
    return _result(delivery, attempt, outcome, findings, unmapped)


def _as_warehouse_error(error: duckdb.Error | WarehouseError, delivery: DumpDelivery) -> WarehouseError:
    if isinstance(error, WarehouseError):
        return error
    return LoadFailedError(delivery.entity.name, delivery.dump.dump_date, error)


def _write_failure(warehouse: Warehouse, delivery: DumpDelivery, failure: WarehouseError) -> None:
    try:
        with warehouse.writing() as connection:
            _write_outcome(connection, delivery, Outcome("failed", str(failure)))
    except (duckdb.Error, WarehouseError) as error:  # for example a full disk; the first error is the one to raise
        failure.add_note(f"The ledger could not be written either ({type(error).__name__}).")


def _result(
    delivery: DumpDelivery,
    attempt: ledger.LoadAttempt,
    outcome: Outcome,
    findings: tuple[str, ...],
    unmapped: UnmappedEvents | None = None,
) -> LoadResult:
    dump = delivery.dump
    if outcome.restored_versions:
        restored = (
            f"For {outcome.restored_versions} records an older version is current again, because this dump no"
            " longer contains the newer one."
        )
        findings = (*findings, restored)
    if outcome.refusals_without_contact:
        lost = (
            f"{outcome.refusals_without_contact} refusals of consent name an unusable contact and no customer id."
            " They count for nobody."
        )
        findings = (*findings, lost)
    if unmapped is not None and unmapped.event_count:
        findings = (*findings, unmapped.sentence)
    return LoadResult(
        status=outcome.status,
        reason=outcome.reason,
        changed_keys=outcome.changed_keys,
        restored_versions=outcome.restored_versions,
        difference=outcome.difference,
        refusals_without_contact=outcome.refusals_without_contact,
        unmapped_events=unmapped,
        load_id=attempt.load_id,
        load_seq=attempt.load_seq,
        records_read=dump.records_read,
        accepted=dump.accepted,
        superseded=dump.superseded,
        quarantined=dump.quarantined,
        with_warnings=dump.with_warnings,
        findings=findings,
    )

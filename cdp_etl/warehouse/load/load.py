"""One normalized dump into the warehouse: one short transaction, all of it or nothing.

Put here the order of the steps. What each does stands in the module that is named after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import LoadFailedError, WarehouseError
from cdp_etl.warehouse.load import (
    change_feed,
    current_versions,
    invariants,
    ledger,
    redelivery,
    replace_rows,
)
from cdp_etl.warehouse.load.custom_field_merge import fold_custom_fields
from cdp_etl.warehouse.load.ledger import Outcome, Status
from cdp_etl.warehouse.load.protocols import Delivery, DumpFile, NormalizedDump
from cdp_etl.warehouse.load.redelivery import Difference
from cdp_etl.warehouse.sql import transaction


@dataclass(frozen=True, slots=True)
class LoadResult:
    """How a load ended.

    Attributes:
        status: loaded; unchanged (the same content is in place); refused (nothing was changed).
        load_id: Its row in the ledger.
        load_seq: Rises with each row of the ledger.
        reason: Why it was not loaded, in a sentence; None where it was.
        records_read: Records of the dump: accepted + superseded + quarantined.
        accepted: Records that are rows of staging.
        superseded: Valid records whose key came again later in the dump.
        quarantined: Records refused.
        with_warnings: Accepted records with a warning.
        changed_keys: Keys written to the change feed.
        restored_versions: Keys whose older version counts again, since a newer one left this dump (RULINGS 4).
        difference: How the dump differs from the load before of its date; None where nothing was loaded.
        findings: What a person should know, in sentences.
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
    findings: tuple[str, ...] = ()


def load_dump(  # noqa: PLR0913 - the keyword arguments are the settings of a load
    warehouse: Warehouse,
    entity: Entity,
    normalized: NormalizedDump,
    files: Sequence[DumpFile],
    *,
    max_quarantine_rate: float,
    force: bool,
    run_id: str | None,
) -> LoadResult:
    """Put a dump in the place of what was loaded for its entity and date, whatever the order of loads.

    Args:
        warehouse: Where to.
        entity: Whose dump it is.
        normalized: The dump in the lake.
        files: The files it was made of, for `ops.dump_file`.
        max_quarantine_rate: The largest share of quarantined records that is loaded, 0 to 1.
        force: Whether to load it even where the same content is in place.
        run_id: The Dagster run, for the ledger.

    Returns:
        How it ended. A refused load has changed nothing but the ledger; it is the caller's to raise.

    Raises:
        LoadNotBalancedError: where the tables do not come out as they must; nothing was changed but the ledger.
        LoadFailedError: where DuckDB refused a step; likewise.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    delivery = Delivery(entity, normalized, files, datetime.now(UTC), run_id)
    with warehouse.writing() as connection:
        not_loaded = _unchanged(connection, delivery, force=force) or _refused(normalized, max_quarantine_rate)
        if not_loaded:
            return _write_outcome(connection, delivery, not_loaded)
        try:
            with transaction(connection):
                return _replace(connection, delivery)
        except (duckdb.Error, WarehouseError) as error:
            failed = _told(error, delivery)
            _write_failed(connection, delivery, failed)
            raise failed from None


def _replace(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> LoadResult:
    attempt = ledger.begin_load(connection, delivery)
    findings = tuple(ledger.findings(connection, delivery))
    current_versions.find_versions(connection, delivery)
    invariants.check_keys_are_unique(connection, delivery)
    difference = redelivery.difference(connection, delivery)
    fold_custom_fields(connection, delivery)
    current_versions.plan_others(connection, delivery)
    change_feed.write_before(connection, delivery, attempt)
    rows_updated = replace_rows.update_others(connection, delivery)
    invariants.check_one_version_is_current(connection, delivery, rows_updated)
    change_feed.write_after(connection, delivery, attempt)
    replace_rows.replace_accepted(connection, delivery)
    replace_rows.replace_refused(connection, delivery)
    replace_rows.replace_files(connection, delivery)
    invariants.check_records_balance(connection, delivery)
    outcome = Outcome(
        "loaded",
        changed_keys=change_feed.changed_keys(connection, attempt),
        restored_versions=current_versions.restored_versions(connection),
        difference=difference,
    )
    ledger.write_attempt(connection, attempt, outcome, delivery)
    return _result(delivery, attempt, outcome, findings)


def _unchanged(connection: duckdb.DuckDBPyConnection, delivery: Delivery, *, force: bool) -> Outcome | None:
    in_place = ledger.fingerprint_in_place(connection, delivery.entity, delivery.dump.dump_date)
    if force or in_place != delivery.dump.content_fingerprint:
        return None
    return Outcome("unchanged", "The same files were loaded under the same rules already.")


def _refused(dump: NormalizedDump, max_quarantine_rate: float) -> Outcome | None:
    if dump.quarantined <= max_quarantine_rate * dump.records_read:
        return None
    commonest = sorted(dump.reasons.items(), key=lambda reason: (-reason[1], reason[0]))[:3]
    named = "; ".join(f"{reason} ({count})" for reason, count in commonest)
    return Outcome(
        "refused",
        f"{dump.quarantined} of {dump.records_read} records are quarantined, more than the share of"
        f" {max_quarantine_rate:g} that is allowed; commonest reasons: {named}.",
    )


def _write_outcome(connection: duckdb.DuckDBPyConnection, delivery: Delivery, outcome: Outcome) -> LoadResult:
    with transaction(connection):
        attempt = ledger.begin_load(connection, delivery)
        ledger.write_attempt(connection, attempt, outcome, delivery)
    return _result(delivery, attempt, outcome, ())


def _told(error: duckdb.Error | WarehouseError, delivery: Delivery) -> WarehouseError:
    if isinstance(error, WarehouseError):
        return error
    return LoadFailedError(delivery.entity.name, delivery.dump.dump_date, error)


def _write_failed(connection: duckdb.DuckDBPyConnection, delivery: Delivery, failed: WarehouseError) -> None:
    try:
        _write_outcome(connection, delivery, Outcome("failed", str(failed)))
    except duckdb.Error as error:  # a full disk fails here too; what failed first is what is to be told
        failed.add_note(f"The ledger could not be written either ({type(error).__name__}).")


def _result(
    delivery: Delivery, attempt: ledger.Attempt, outcome: Outcome, findings: tuple[str, ...]
) -> LoadResult:
    dump = delivery.dump
    if outcome.restored_versions:
        restored = (
            f"For {outcome.restored_versions} records an older version is current again, because this dump no"
            " longer contains the newer one."
        )
        findings = (*findings, restored)
    return LoadResult(
        status=outcome.status,
        reason=outcome.reason,
        changed_keys=outcome.changed_keys,
        restored_versions=outcome.restored_versions,
        difference=outcome.difference,
        load_id=attempt.load_id,
        load_seq=attempt.load_seq,
        records_read=dump.records_read,
        accepted=dump.accepted,
        superseded=dump.superseded,
        quarantined=dump.quarantined,
        with_warnings=dump.with_warnings,
        findings=findings,
    )

"""Load ledger: attempts to load a dump, and their outcome.

The load in place of a dump is its newest attempt with status `loaded`. Staging has the rows of that attempt.
`ops.rejection_count` stores the quarantine reasons of every attempt that normalized records. This includes refused
dumps, of which staging has no rows.
"""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Literal

import duckdb
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import RULES_VERSION
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.load.protocols import DumpDelivery, LoadableDump
from cdp_etl.warehouse.load.redelivery import Difference
from cdp_etl.warehouse.schema.business_timezone import is_anything_loaded
from cdp_etl.warehouse.sql import single_value, transaction

Status = Literal["loaded", "unchanged", "refused", "failed", "missing", "withdrawn"]

_IN_PLACE = (
    "load_id",
    "load_seq",
    "files",
    "bytes",
    "records_read",
    "accepted",
    "superseded",
    "quarantined",
    "with_warnings",
    "content_fingerprint",
    "finished_at",
    "files_added",
    "files_changed",
    "files_removed",
    "records_added",
    "records_changed",
    "records_removed",
)
"""Columns of the load in place that `ledger` returns in addition to the newest attempt."""


@dataclass(frozen=True, slots=True)
class LoadAttempt:
    """A load attempt that is not yet a row of `ops.load`.

    Attributes:
        load_id: Unique over all warehouses.
        load_seq: Ascending number of the row.
        entity: The entity.
        dump_date: Day the source system delivered the dump.
        started_at: Start of the attempt, UTC.
        run_id: The Dagster run; None outside of Dagster.
    """

    load_id: str
    load_seq: int
    entity: Entity
    dump_date: date
    started_at: datetime
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a load attempt.

    Attributes:
        status: Stored status. `missing` means that the dump had no files; the previous load stays in place.
            `withdrawn` is no attempt: consent statements of an earlier load were taken back.
        reason: Why nothing was loaded, in a sentence; None if the dump was loaded.
        changed_keys: Keys written to the change feed.
        restored_versions: Keys whose older version is current again, because the dump lacks the newer one.
        difference: Difference from the previous load; None if nothing was loaded.
        refusals_without_contact: Refusals of consent without usable contact and customer id; None if nothing was
            loaded, or if the entity states no consent.
    """

    status: Status
    reason: str | None = None
    changed_keys: int = 0
    restored_versions: int = 0
    difference: Difference | None = None
    refusals_without_contact: int | None = None


def begin_attempt(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    dump_date: date,
    started_at: datetime,
    run_id: str | None,
) -> LoadAttempt:
    """Create an attempt with the next number; call it in the transaction that writes its row."""
    load_seq = single_value(connection, "SELECT coalesce(max(load_seq), 0) + 1 FROM ops.load")
    return LoadAttempt(uuid.uuid4().hex, load_seq, entity, dump_date, started_at, run_id)


def begin_load(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> LoadAttempt:
    """Create the attempt to load a dump; see `begin_attempt`."""
    return begin_attempt(
        connection, delivery.entity, delivery.dump.dump_date, delivery.started_at, delivery.run_id
    )


def write_attempt(
    connection: duckdb.DuckDBPyConnection, attempt: LoadAttempt, outcome: Outcome, delivery: DumpDelivery | None
) -> None:
    """Write the row of an attempt, with the counts of the dump if there is one."""
    row = {
        "load_id": attempt.load_id,
        "load_seq": attempt.load_seq,
        "entity": attempt.entity.table,
        "dump_date": attempt.dump_date,
        "status": outcome.status,
        "reason": outcome.reason,
        "changed_keys": outcome.changed_keys,
        "restored_versions": outcome.restored_versions,
        **(asdict(outcome.difference) if outcome.difference else {}),
        "refusals_without_contact": outcome.refusals_without_contact,
        "rules_version": RULES_VERSION if delivery is None else delivery.dump.rules_version,
        "started_at": attempt.started_at,
        "finished_at": datetime.now(UTC),
        "run_id": attempt.run_id,
        **_counts(delivery),
    }
    selected = ", ".join(f"${name} AS {name}" for name in row)
    connection.execute(f"INSERT INTO ops.load BY NAME SELECT {selected}", row)
    if delivery is not None and outcome.status in {"loaded", "refused"}:
        _write_rejection_counts(connection, attempt.load_id, delivery.dump)


def _write_rejection_counts(connection: duckdb.DuckDBPyConnection, load_id: str, dump: LoadableDump) -> None:
    if not dump.reasons:
        return
    connection.execute(
        "INSERT INTO ops.rejection_count BY NAME"
        " SELECT ? AS load_id, unnest(?::VARCHAR[]) AS reason, unnest(?::BIGINT[]) AS record_count",
        [load_id, list(dump.reasons.keys()), list(dump.reasons.values())],
    )


def record_attempt(  # noqa: PLR0913 - each is a column of the row
    warehouse: Warehouse,
    entity: Entity,
    dump_date: date,
    status: Literal["refused", "failed", "missing"],
    reason: str,
    *,
    run_id: str | None = None,
) -> int:
    """Write an attempt that ended before the load, in its own transaction; return its `load_seq`."""
    with warehouse.writing() as connection, transaction(connection):
        attempt = begin_attempt(connection, entity, dump_date, datetime.now(UTC), run_id)
        write_attempt(connection, attempt, Outcome(status, reason), None)
        return attempt.load_seq


def fingerprint_in_place(connection: duckdb.DuckDBPyConnection, entity: Entity, dump_date: date) -> str | None:
    """Return the content fingerprint of the load in place; None if nothing is loaded."""
    fingerprint: str | None = single_value(
        connection,
        "SELECT arg_max(content_fingerprint, load_seq) FROM ops.load"
        " WHERE entity = ? AND dump_date = ? AND status = 'loaded'",
        [entity.table, dump_date],
    )
    return fingerprint


def load_in_place(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> tuple[LoadAttempt, Outcome]:
    """Return the attempt and the outcome of the load in place of a delivery's dump, which must exist."""
    names = [one.name for one in fields(Difference)]
    found = connection.execute(
        f"""
        SELECT
          load_id,
          load_seq,
          started_at,
          run_id,
          reason,
          changed_keys,
          restored_versions,
          refusals_without_contact,
          {", ".join(names)}
        FROM ops.load
        WHERE entity = ? AND dump_date = ? AND status = 'loaded'
        ORDER BY load_seq DESC
        LIMIT 1
        """,
        [delivery.entity.table, delivery.dump.dump_date],
    ).fetchall()
    ((load_id, load_seq, started_at, run_id, reason, changed_keys, restored, refusals, *counts),) = found
    attempt = LoadAttempt(load_id, load_seq, delivery.entity, delivery.dump.dump_date, started_at, run_id)
    # Loads of older releases have no counts.
    difference = None if None in counts else Difference(*counts)
    return attempt, Outcome("loaded", reason, changed_keys, restored, difference, refusals)


def older_rules(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, date]]:
    """Return entity table and dump date of each load in place that older rules normalized, in order."""
    return connection.execute(
        """
        SELECT entity, dump_date
        FROM ops.load
        WHERE status = 'loaded'
        GROUP BY entity, dump_date
        HAVING arg_max(rules_version, load_seq) < ?
        ORDER BY entity, dump_date
        """,
        [RULES_VERSION],
    ).fetchall()


def files_in_place(warehouse: Warehouse, entity: Entity, dump_date: date) -> int:
    """Return the number of files of the load in place; 0 if nothing is loaded or no warehouse exists."""
    if not warehouse.path.exists():
        return 0
    with warehouse.reading() as connection:
        files: int | None = single_value(
            connection,
            "SELECT arg_max(files, load_seq) FROM ops.load"
            " WHERE entity = ? AND dump_date = ? AND status = 'loaded'",
            [entity.table, dump_date],
        )
    return files or 0


def has_load(warehouse: Warehouse) -> bool:
    """Return whether any dump was ever loaded; False if no warehouse exists."""
    if not warehouse.path.exists():
        return False
    with warehouse.reading() as connection:
        return is_anything_loaded(connection)


def is_loaded(warehouse: Warehouse, entity: Entity, dump_date: date, content_fingerprint: str) -> bool:
    """Return whether the load in place has this content; False if no warehouse exists."""
    if not warehouse.path.exists():
        return False
    with warehouse.reading() as connection:
        return fingerprint_in_place(connection, entity, dump_date) == content_fingerprint


def ledger(
    warehouse: Warehouse, entity: Entity | None = None, first: date | None = None, last: date | None = None
) -> pl.DataFrame:
    """Return one row per entity and dump date: the newest attempt and, as `loaded_…`, the load in place.

    `loaded_findings` is what was found about the files of the load in place, null if nothing was.

    Args:
        warehouse: The warehouse.
        entity: Only this entity; None for all.
        first: First dump date; None for no bound.
        last: Last dump date; None for no bound.

    Raises:
        WarehouseMissingError: If the warehouse does not exist.
    """
    in_place = ", ".join(
        f"arg_max({name}, load_seq) FILTER (status = 'loaded') AS loaded_{name}" for name in _IN_PLACE
    )
    with warehouse.reading() as connection:
        newest: pl.DataFrame = connection.sql(
            f"""
            WITH attempt AS (
              FROM ops.load
              WHERE status <> 'withdrawn'
                AND ($entity IS NULL OR entity = $entity)
                AND ($first IS NULL OR dump_date >= $first)
                AND ($last IS NULL OR dump_date <= $last)
            ), newest AS (
              FROM attempt QUALIFY row_number() OVER (PARTITION BY entity, dump_date ORDER BY load_seq DESC) = 1
            ), in_place AS (
              SELECT
                entity,
                dump_date,
                arg_max_null(reason, load_seq) FILTER (status = 'loaded') AS loaded_findings,
                {in_place}
              FROM attempt
              GROUP BY entity, dump_date
            )
            FROM newest JOIN in_place USING (entity, dump_date) ORDER BY entity, dump_date
            """,
            params={"entity": None if entity is None else entity.table, "first": first, "last": last},
        ).pl()
    return newest


def findings(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> Iterator[str]:
    """Report files whose bytes are loaded for another dump date of the entity already: they may be misplaced.

    Empty files are not compared, because all of them have the same bytes.
    """
    files = [file for file in delivery.files if file.bytes]
    rows = connection.execute(
        "SELECT sha256, min(dump_date) FROM ops.dump_file"
        " WHERE entity = ? AND dump_date <> ? AND list_contains(?, sha256) GROUP BY sha256",
        [delivery.entity.table, delivery.dump.dump_date, [file.sha256 for file in files]],
    ).fetchall()
    loaded = dict(rows)
    for file in files:
        if file.sha256 in loaded:
            yield f"The file {file.path} has the same bytes as one loaded for {loaded[file.sha256]}."


def _counts(delivery: DumpDelivery | None) -> dict[str, Any]:
    if delivery is None:
        counts = ("files", "bytes", "records_read", "accepted", "superseded", "quarantined", "with_warnings")
        return dict.fromkeys(counts, 0) | {"content_fingerprint": None}
    dump = delivery.dump
    return {
        "files": len(delivery.files),
        "bytes": dump.bytes,
        "records_read": dump.records_read,
        "accepted": dump.accepted,
        "superseded": dump.superseded,
        "quarantined": dump.quarantined,
        "with_warnings": dump.with_warnings,
        "content_fingerprint": dump.content_fingerprint,
    }


def referenced_outputs(warehouse: Warehouse) -> set[tuple[str, date, str]]:
    """Return entity table, dump date and content fingerprint of each normalized dump that the ledger refers to.

    For each dump these are the load in place, and the newest attempt that normalized records, also if it was
    refused: `quarantine` and `replay` read it from the lake. Empty if no warehouse exists.
    """
    if not warehouse.path.exists():
        return set()
    with warehouse.reading() as connection:
        found = connection.execute(
            """
            SELECT
              entity,
              dump_date,
              arg_max(content_fingerprint, load_seq) FILTER (status = 'loaded'),
              arg_max(content_fingerprint, load_seq) FILTER (content_fingerprint IS NOT NULL)
            FROM ops.load
            GROUP BY entity, dump_date
            """
        ).fetchall()
    return {(entity, day, one) for entity, day, *fingerprints in found for one in fingerprints if one is not None}

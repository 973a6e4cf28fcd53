"""Withdrawal of consent statements: an operator takes the statements of a wrong delivery back.

The rows stay and are marked, so that the ledger and the table show what was withdrawn. A statement that another
load delivered too stays in force.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.errors import UsageError
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.load.ledger import Outcome, begin_attempt, write_attempt
from cdp_etl.warehouse.sql import single_value, transaction


class NothingToWithdrawError(UsageError):
    """The load does not exist, or none of its statements is in force."""

    def __init__(self, entity: Entity, dump_date: date, load_seq: int) -> None:
        super().__init__(
            f"Load {load_seq} of {entity.name} {dump_date} has no consent statement in force."
            " `cdp-etl status --json` lists the load in place of each dump."
        )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Consent statements that were taken back.

    Attributes:
        entity: The entity, by its table's name.
        dump_date: Day of the dump.
        load_seq: Row of the ledger that records the withdrawal.
        reason: What was withdrawn, in a sentence.
        withdrawn_at: Time of the withdrawal, UTC.
    """

    entity: str
    dump_date: date
    load_seq: int
    reason: str
    withdrawn_at: datetime


def withdraw_consent_statements(
    warehouse: Warehouse, entity: Entity, dump_date: date, load_seq: int
) -> Withdrawal:
    """Take back the consent statements of one load.

    Args:
        warehouse: The warehouse.
        entity: Entity of the load.
        dump_date: Dump date of the load.
        load_seq: Number of the load in the ledger.

    Raises:
        NothingToWithdrawError: If no statement in force is of this load, entity and date.
        WarehouseMissingError: If the warehouse does not exist.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.writing() as connection, transaction(connection):
        attempt = begin_attempt(connection, entity, dump_date, datetime.now(UTC), None)
        count = single_value(
            connection,
            """
            UPDATE staging.consent_statement
            SET withdrawn_by_load_seq = $new_load_seq
            WHERE entity = $entity AND dump_date = $dump_date AND load_seq = $load_seq
              AND withdrawn_by_load_seq IS NULL
            """,
            {
                "new_load_seq": attempt.load_seq,
                "entity": entity.table,
                "dump_date": dump_date,
                "load_seq": load_seq,
            },
        )
        if not count:
            raise NothingToWithdrawError(entity, dump_date, load_seq)
        reason = f"{count} consent statements of load {load_seq} were withdrawn."
        write_attempt(connection, attempt, Outcome("withdrawn", reason), None)
    return Withdrawal(entity.table, dump_date, attempt.load_seq, reason, attempt.started_at)


def withdrawals(connection: duckdb.DuckDBPyConnection, since: datetime) -> list[Withdrawal]:
    """Return the withdrawals since a time, oldest first."""
    found = connection.execute(
        "SELECT entity, dump_date, load_seq, reason, finished_at FROM ops.load"
        " WHERE status = 'withdrawn' AND finished_at >= ? ORDER BY load_seq",
        [since],
    ).fetchall()
    return [Withdrawal(*row) for row in found]

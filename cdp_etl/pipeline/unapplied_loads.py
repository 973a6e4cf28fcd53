"""Unapplied loads: loads in the ledger that a mart or the published snapshot has not applied yet."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import usable_snapshot
from cdp_etl.warehouse import Warehouse, ledger


@dataclass(frozen=True, slots=True)
class UnappliedLoads:
    """The newest load that is not applied everywhere, and the dump dates of all such loads."""

    newest_load_seq: int
    first_day: date
    last_day: date


def find_unapplied_loads(warehouse: Warehouse, published: Path | None = None) -> UnappliedLoads | None:
    """Return the unapplied loads, or None if every mart has applied every load.

    Args:
        warehouse: The warehouse with ledger and marts.
        published: Folder of the snapshot; None if the snapshot does not count. A damaged snapshot lacks all loads.

    Raises:
        WarehouseMissingError: If nothing was ever loaded.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.reading() as connection:
        states = [state_of(connection, mart) for mart in MARTS]
        withdrawn = connection.execute(
            "SELECT dump_date, load_seq FROM ops.load WHERE status = 'withdrawn'"
        ).fetchall()
    applied = min(0 if state is None else state.load_seq for state in states)
    if published is not None:
        snapshot = usable_snapshot(published)
        applied = min(applied, 0 if snapshot is None else snapshot.as_of)
    loaded = ledger(warehouse).select("dump_date", "loaded_load_seq").drop_nulls().rows()
    unapplied = [(load_seq, dump_date) for dump_date, load_seq in [*loaded, *withdrawn] if load_seq > applied]
    if not unapplied:
        return None
    dates = [dump_date for _, dump_date in unapplied]
    return UnappliedLoads(max(unapplied)[0], min(dates), max(dates))

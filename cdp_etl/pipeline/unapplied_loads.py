"""Which loads the marts have not applied yet: what the ledger holds beyond what each mart and the snapshot hold.

Put here the comparison alone. It knows nothing of how a load was started: by a schedule, a person, a command line.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.warehouse import Warehouse, ledger


@dataclass(frozen=True, slots=True)
class PendingLoads:
    """Loads that some mart has not applied: the newest of them, and the dump dates that they span."""

    newest_load_seq: int
    first_day: date
    last_day: date


def pending_loads(warehouse: Warehouse, published: Path | None = None) -> PendingLoads | None:
    """Give what is pending; None where every mart holds every load.

    Args:
        warehouse: Whose ledger and marts.
        published: The folder of the snapshot, where that is to hold every load too.

    Raises:
        WarehouseMissingError: where nothing was ever loaded.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with warehouse.reading() as connection:
        states = [state_of(connection, mart) for mart in MARTS]
    applied = min(0 if state is None else state.load_seq for state in states)
    if published is not None:
        snapshot = latest_snapshot(published)
        applied = min(applied, 0 if snapshot is None else snapshot.as_of)
    pending = ledger(warehouse).filter(pl.col("loaded_load_seq") > applied)
    if pending.is_empty():
        return None
    days = pending["dump_date"].sort()
    return PendingLoads(int(pending["loaded_load_seq"].sort()[-1]), days[0], days[-1])

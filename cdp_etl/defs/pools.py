"""The pools that bound how many steps are at work at a time, over all runs.

Put here their names, and that they are there before a run claims a slot. How large each is stands in
`dagster.yaml`.
"""

import dagster as dg

LOAD_POOL = "load"
"""How many loads are at work at a time, over all runs; each holds the warehouse for a moment only."""

WAREHOUSE_POOL = "warehouse"
"""Steps that write to the warehouse for as long as they last; of these one is at work at a time."""


def make_pools(instance: dg.DagsterInstance) -> None:
    """Make the pools that are not there yet, with the instance's default limit; one that is there stays as it is.

    A run makes a pool itself where it does not know it. On Postgres the second of two runs that do so at once dies
    of it: Dagster goes on in the transaction that the first one's row has ended.
    """
    storage = instance.event_log_storage
    known = {pool.name for pool in storage.get_pool_limits()}
    for name in (LOAD_POOL, WAREHOUSE_POOL):
        if name not in known:
            storage.initialize_concurrency_limit_to_default(name)

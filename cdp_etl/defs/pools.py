"""Concurrency pools: names, and creation before the first run. `dagster.yaml` sets their limits."""

import dagster as dg

LOAD_POOL = "load"
"""Limits concurrent load steps over all runs. Each locks the warehouse only for a short time."""

WAREHOUSE_POOL = "warehouse"
"""Pool of the steps that lock the warehouse for their whole duration; its limit must be 1."""


def create_pools(instance: dg.DagsterInstance) -> None:
    """Create missing pools with the instance's default limit. Existing pools are not changed.

    A run would create a missing pool itself. On Postgres, if two runs do so at once, the second fails: Dagster
    continues in a transaction that the duplicate key has aborted.
    """
    storage = instance.event_log_storage
    known = {pool.name for pool in storage.get_pool_limits()}
    for name in (LOAD_POOL, WAREHOUSE_POOL):
        if name not in known:
            storage.initialize_concurrency_limit_to_default(name)

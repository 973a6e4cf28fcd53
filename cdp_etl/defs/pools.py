"""Concurrency pools: names, and creation before the first run. `dagster.yaml` sets their limits."""

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings

LOAD_POOL = "load"
"""Limits concurrent load steps over all runs. Each locks the warehouse only for a short time."""

LOAD_POOLS = (LOAD_POOL, *(f"{LOAD_POOL}_{entity.table}" for entity in ENTITIES))
"""Pool of the common landing zone, and one for each entity that may have a zone of its own."""

WAREHOUSE_POOL = "warehouse"
"""Pool of the steps that lock the warehouse for their whole duration; its limit must be 1."""


def load_pool(settings: Settings, entity: Entity) -> str:
    """Return the pool of an entity's load steps.

    Each landing zone has its own, so that a zone that stalls holds up only its own entities.
    """
    zone = settings.zone_name(entity)
    return LOAD_POOL if zone is None else f"{LOAD_POOL}_{zone}"


def create_pools(instance: dg.DagsterInstance) -> None:
    """Create missing pools with the instance's default limit. Existing pools are not changed.

    A run would create a missing pool itself. On Postgres, if two runs do so at once, the second fails: Dagster
    continues in a transaction that the duplicate key has aborted.
    """
    storage = instance.event_log_storage
    known = {pool.name for pool in storage.get_pool_limits()}
    for name in (*LOAD_POOLS, WAREHOUSE_POOL):
        if name not in known:
            storage.initialize_concurrency_limit_to_default(name)

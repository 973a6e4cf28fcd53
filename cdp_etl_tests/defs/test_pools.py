"""Pools exist before any run claims a slot, with the default limit or the operator's limit."""

import dagster as dg
import pytest

from cdp_etl.defs.pools import LOAD_POOL, WAREHOUSE_POOL, create_pools


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> dg.DagsterInstance:
    folder = str(tmp_path_factory.mktemp("instance"))
    return dg.DagsterInstance.local_temp(folder, overrides={"concurrency": {"pools": {"default_limit": 1}}})


def limits(instance: dg.DagsterInstance) -> dict[str, int]:
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


def test_pools_are_created_once_with_the_default_limit(instance: dg.DagsterInstance) -> None:
    create_pools(instance)
    create_pools(instance)

    assert limits(instance) == {LOAD_POOL: 1, WAREHOUSE_POOL: 1}


def test_a_limit_set_by_an_operator_is_not_changed(instance: dg.DagsterInstance) -> None:
    instance.event_log_storage.set_concurrency_slots(LOAD_POOL, 3)

    create_pools(instance)

    assert limits(instance) == {LOAD_POOL: 3, WAREHOUSE_POOL: 1}

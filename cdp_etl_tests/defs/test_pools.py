"""Pools exist before any run claims a slot, with the default limit or the operator's limit."""

import dagster as dg
import pytest

from cdp_etl.defs.pools import LOAD_POOL, LOAD_POOLS, WAREHOUSE_POOL, create_pools, load_pool
from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> dg.DagsterInstance:
    folder = str(tmp_path_factory.mktemp("instance"))
    return dg.DagsterInstance.local_temp(folder, overrides={"concurrency": {"pools": {"default_limit": 1}}})


def limits(instance: dg.DagsterInstance) -> dict[str, int]:
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


def test_pools_are_created_once_with_the_default_limit(instance: dg.DagsterInstance) -> None:
    create_pools(instance)
    create_pools(instance)

    assert limits(instance) == dict.fromkeys((*LOAD_POOLS, WAREHOUSE_POOL), 1)


def test_a_limit_set_by_an_operator_is_not_changed(instance: dg.DagsterInstance) -> None:
    instance.event_log_storage.set_concurrency_slots(LOAD_POOL, 3)

    create_pools(instance)

    assert limits(instance) == dict.fromkeys((*LOAD_POOLS, WAREHOUSE_POOL), 1) | {LOAD_POOL: 3}


def test_each_landing_zone_has_a_pool_of_its_own() -> None:
    own = {"email_interaction": "/a", "sms_interaction": "/a", "customer_product_review": "/b"}
    settings = Settings(landing="/common", landing_by_entity=own | {"customer_product_comment": "/common"})

    pools = {entity.table: load_pool(settings, entity) for entity in ENTITIES}

    assert pools == {
        "customer_product_subscriber": "load",
        "customer_product_activity": "load",
        "customer_product_comment": "load",
        "customer_product_review": "load_customer_product_review",
        "email_interaction": "load_email_interaction",
        "sms_interaction": "load_email_interaction",
    }
    assert set(pools.values()) <= set(LOAD_POOLS)

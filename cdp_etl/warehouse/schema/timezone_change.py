"""Recomputation of all days after a change of the business time zone.

The same transaction marks all marts for a full rebuild, so that the next mart run rebuilds them even if this
process is killed.
"""

import duckdb
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.schema import business_timezone
from cdp_etl.warehouse.schema.ops_tables import NO_DEFINITION
from cdp_etl.warehouse.sql import transaction


def adopt_business_timezone(warehouse: Warehouse) -> bool:
    """Recompute every `activity_date` in the configured zone and store the zone.

    Returns:
        Whether the zone had changed.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.writing(any_timezone=True) as connection:
        if business_timezone.stored(connection) == warehouse.business_timezone:
            return False
        with transaction(connection):
            for entity in ENTITIES:
                _recompute_days(connection, entity, warehouse.business_timezone)
            business_timezone.store(connection, warehouse.business_timezone)
            connection.execute("UPDATE ops.mart_state SET definition_hash = ?", [NO_DEFINITION])
    return True


def _recompute_days(connection: duckdb.DuckDBPyConnection, entity: Entity, zone: str) -> None:
    """Recompute the days of an entity by polars, as normalization does.

    DuckDB has a time zone database of another release, which gives other days in zones whose law has changed.
    Since 2000 every zone changes its clocks at a whole minute.
    """
    minute = "date_trunc('minute', occurred_at)"
    minutes = connection.sql(
        f"SELECT DISTINCT {minute} AS minute FROM staging.{entity.table} WHERE occurred_at IS NOT NULL"
    ).pl()
    days = minutes.with_columns(day=pl.col("minute").dt.convert_time_zone(zone).dt.date())
    connection.register("business_days", days)
    connection.execute(
        f"UPDATE staging.{entity.table} SET activity_date = business_days.day FROM business_days"
        f" WHERE {minute} = business_days.minute AND activity_date IS DISTINCT FROM business_days.day"
    )
    connection.unregister("business_days")

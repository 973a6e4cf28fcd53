"""Recomputation of all days after a change of the business time zone.

The same transaction marks all marts for a full rebuild, so that the next mart run rebuilds them even if this
process is killed.
"""

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
                connection.execute(
                    f"UPDATE staging.{entity.table} SET activity_date = timezone($zone, occurred_at)::DATE"
                    " WHERE activity_date IS DISTINCT FROM timezone($zone, occurred_at)::DATE",
                    {"zone": warehouse.business_timezone},
                )
            business_timezone.store(connection, warehouse.business_timezone)
            connection.execute("UPDATE ops.mart_state SET definition_hash = ?", [NO_DEFINITION])
    return True

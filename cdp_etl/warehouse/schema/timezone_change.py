"""All days of the warehouse made anew, after the business time zone was changed on purpose.

The marts are wrong until they are rebuilt whole: they are marked so in the same transaction, so that their next
run does it, whatever becomes of this process.
"""

from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.schema import business_timezone
from cdp_etl.warehouse.schema.ops_tables import NO_DEFINITION
from cdp_etl.warehouse.sql import transaction


def adopt_business_timezone(warehouse: Warehouse) -> bool:
    """Make every `activity_date` the day in the warehouse's zone, and remember that zone; tell whether it was due.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with warehouse.writing(any_timezone=True) as connection:
        if business_timezone.remembered(connection) == warehouse.business_timezone:
            return False
        with transaction(connection):
            for entity in ENTITIES:
                connection.execute(
                    f"UPDATE staging.{entity.table} SET activity_date = timezone($zone, occurred_at)::DATE"
                    " WHERE activity_date IS DISTINCT FROM timezone($zone, occurred_at)::DATE",
                    {"zone": warehouse.business_timezone},
                )
            business_timezone.replace(connection, warehouse.business_timezone)
            connection.execute("UPDATE ops.mart_state SET definition_hash = ?", [NO_DEFINITION])
    return True

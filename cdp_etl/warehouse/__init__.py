"""The only place that opens the warehouse file: connection and lock, migrations, load, upkeep.

Put here what writes to or reads from the schemas `staging` and `ops`. What the marts hold and how they are kept
stands in `cdp_etl.marts`; what a record becomes was decided before, in `cdp_etl.normalize`.
"""

from cdp_etl.warehouse.attempts import is_loaded, ledger, record_attempt
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import (
    BusinessTimezoneChangedError,
    LoadFailedError,
    LoadNotBalancedError,
    StagingLayoutError,
    WarehouseError,
    WarehouseLockedError,
    WarehouseMissingError,
    WarehouseNewerError,
)
from cdp_etl.warehouse.load import LoadResult, load_dump
from cdp_etl.warehouse.transaction import transaction

__all__ = [
    "BusinessTimezoneChangedError",
    "LoadFailedError",
    "LoadNotBalancedError",
    "LoadResult",
    "StagingLayoutError",
    "Warehouse",
    "WarehouseError",
    "WarehouseLockedError",
    "WarehouseMissingError",
    "WarehouseNewerError",
    "is_loaded",
    "ledger",
    "load_dump",
    "record_attempt",
    "transaction",
]

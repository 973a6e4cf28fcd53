"""The only place that opens the warehouse file: connection and lock, migrations, load, upkeep.

Put here what writes to or reads from the schemas `staging` and `ops`. What the marts hold and how they are kept
stands in `cdp_etl.marts`; what a record becomes was decided before, in `cdp_etl.normalize`.
"""

from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import (
    BusinessTimezoneChangedError,
    CopyNotEqualError,
    LoadFailedError,
    LoadNotBalancedError,
    NotABackupError,
    StagingLayoutError,
    WarehouseError,
    WarehouseExistsError,
    WarehouseLockedError,
    WarehouseMissingError,
    WarehouseNewerError,
)
from cdp_etl.warehouse.load.ledger import files_in_place, is_loaded, ledger, outcomes_referred_to, record_attempt
from cdp_etl.warehouse.load.load import LoadResult, load_dump
from cdp_etl.warehouse.maintenance.backup import Backup, backup, restore
from cdp_etl.warehouse.maintenance.compaction import Compaction, compact
from cdp_etl.warehouse.maintenance.full_check import Finding, check_full
from cdp_etl.warehouse.schema.timezone_change import adopt_business_timezone
from cdp_etl.warehouse.sql import transaction

__all__ = [
    "Backup",
    "BusinessTimezoneChangedError",
    "Compaction",
    "CopyNotEqualError",
    "Finding",
    "LoadFailedError",
    "LoadNotBalancedError",
    "LoadResult",
    "NotABackupError",
    "StagingLayoutError",
    "Warehouse",
    "WarehouseError",
    "WarehouseExistsError",
    "WarehouseLockedError",
    "WarehouseMissingError",
    "WarehouseNewerError",
    "adopt_business_timezone",
    "backup",
    "check_full",
    "compact",
    "files_in_place",
    "is_loaded",
    "ledger",
    "load_dump",
    "outcomes_referred_to",
    "record_attempt",
    "restore",
    "transaction",
]

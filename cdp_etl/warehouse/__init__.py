"""The warehouse file: connection and lock, schema migrations, loads, maintenance.

Belongs here: every opening of the file; what reads or writes the schemas `staging` and `ops`.
Does not belong here: marts (`cdp_etl.marts`); validation of records (`cdp_etl.normalize`).
"""

from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import (
    BackupDamagedError,
    BusinessTimezoneChangedError,
    CopyNotEqualError,
    LoadFailedError,
    LoadNotBalancedError,
    NotABackupError,
    StagingDiffersError,
    StagingLayoutError,
    WarehouseDamagedError,
    WarehouseError,
    WarehouseExistsError,
    WarehouseLockedError,
    WarehouseLostError,
    WarehouseMissingError,
    WarehouseNewerError,
    WarehouseReplacedError,
    WarehouseStorageError,
)
from cdp_etl.warehouse.load.ledger import (
    files_in_place,
    has_load,
    is_loaded,
    ledger,
    older_rules,
    record_attempt,
    referenced_outputs,
)
from cdp_etl.warehouse.load.load import LoadResult, load_dump
from cdp_etl.warehouse.load.redelivery import Removal
from cdp_etl.warehouse.load.unmapped_events import UnmappedEvents, unmapped_events
from cdp_etl.warehouse.load.withdrawal import Withdrawal, withdraw_consent_statements, withdrawals
from cdp_etl.warehouse.maintenance.backup import Backup, Restored, backup, restore
from cdp_etl.warehouse.maintenance.compaction import Compaction, compact, has_deleted_secret, remove_deleted_secret
from cdp_etl.warehouse.maintenance.full_check import StoredDataResult, check_full
from cdp_etl.warehouse.schema.consent_backfill import missing_statements
from cdp_etl.warehouse.schema.timezone_change import adopt_business_timezone
from cdp_etl.warehouse.sql import transaction

__all__ = [
    "Backup",
    "BackupDamagedError",
    "BusinessTimezoneChangedError",
    "Compaction",
    "CopyNotEqualError",
    "LoadFailedError",
    "LoadNotBalancedError",
    "LoadResult",
    "NotABackupError",
    "Removal",
    "Restored",
    "StagingDiffersError",
    "StagingLayoutError",
    "StoredDataResult",
    "UnmappedEvents",
    "Warehouse",
    "WarehouseDamagedError",
    "WarehouseError",
    "WarehouseExistsError",
    "WarehouseLockedError",
    "WarehouseLostError",
    "WarehouseMissingError",
    "WarehouseNewerError",
    "WarehouseReplacedError",
    "WarehouseStorageError",
    "Withdrawal",
    "adopt_business_timezone",
    "backup",
    "check_full",
    "compact",
    "files_in_place",
    "has_deleted_secret",
    "has_load",
    "is_loaded",
    "ledger",
    "load_dump",
    "missing_statements",
    "older_rules",
    "record_attempt",
    "referenced_outputs",
    "remove_deleted_secret",
    "restore",
    "transaction",
    "unmapped_events",
    "withdraw_consent_statements",
    "withdrawals",
]

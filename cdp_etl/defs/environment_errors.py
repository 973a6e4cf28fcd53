"""Errors of the environment that no code handles: the disk, the databases' files. They are no bugs.

The command line and the steps of Dagster show them as one sentence. Everything else is an unexpected error, whose
text is not shown because it may contain record values.
"""

import sqlite3

import duckdb
from sqlalchemy.exc import DBAPIError

from cdp_etl.defs.runtime.instance import InstanceError
from cdp_etl.errors import CdpEtlError
from cdp_etl.storage_errors import StorageError, path_of
from cdp_etl.warehouse import WarehouseStorageError
from cdp_etl.warehouse.duckdb_facts import damage_fact, storage_fact


def as_environment_error(error: BaseException) -> CdpEtlError | None:
    """Return an error of the disk or of a database file as a sentence; None if it is something else."""
    match error:
        case OSError() if path_of(error) is not None or not isinstance(error, ConnectionError | TimeoutError):
            return StorageError(error)
        case duckdb.Error():
            fact = damage_fact(error) or storage_fact(error)
            return None if fact is None else WarehouseStorageError(f"{fact}.")
        case DBAPIError() | sqlite3.Error():
            reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
            return InstanceError(f"Dagster's storage cannot be used: {reason}. Run `cdp-etl doctor`.")
        case _:
            return None

"""Errors of the warehouse file in the words of an operator: damaged, or not readable or writable."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from cdp_etl.storage_errors import StorageError, naming
from cdp_etl.warehouse.duckdb_facts import damage_fact, storage_fact
from cdp_etl.warehouse.errors import WarehouseDamagedError, WarehouseError, WarehouseStorageError


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Raise errors of the disk in the block as errors of the warehouse, for work on its files only.

    Raises:
        WarehouseDamagedError: If DuckDB cannot read the content.
        WarehouseStorageError: If the disk does not read or write.
    """
    try:
        with naming(path), database_errors(path):
            yield
    except OSError as error:
        raise WarehouseStorageError(str(StorageError(error))) from error


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Raise errors of DuckDB that are about its file as errors of the warehouse, and others as they are.

    Raises:
        WarehouseDamagedError, WarehouseStorageError: See `file_errors`.
    """
    try:
        yield
    except duckdb.Error as error:
        known = as_file_error(path, error)
        if known is None:
            raise
        raise known from None


def as_file_error(path: Path, error: duckdb.Error) -> WarehouseError | None:
    """Return an error of DuckDB as an error of the file; None if it is about something else, like a query."""
    damage = damage_fact(error)
    if damage is not None:
        return WarehouseDamagedError(path, damage)
    fact = storage_fact(error)
    return None if fact is None else WarehouseStorageError(f"{fact}.")

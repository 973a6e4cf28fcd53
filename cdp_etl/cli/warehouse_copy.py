"""A copy of the warehouse for queries, because an open reader of the warehouse itself would hold up loads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from cdp_etl.cli.output import err
from cdp_etl.cli.snapshot_reading import reading
from cdp_etl.durable_files import clone_file
from cdp_etl.warehouse import Warehouse
from cdp_etl.warehouse.connection import log_path


@contextmanager
def reading_copy(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a new copy of the warehouse, which reads the copy and no other file.

    The copy is made under the shared lock, which is released before the first query. Its name is deleted as soon
    as it is open, so the system frees its space when this process ends, also by kill -9. The pseudonym key is not
    part of the warehouse.

    Raises:
        WarehouseMissingError, WarehouseLockedError: See `Warehouse.reading`.
    """
    with TemporaryDirectory(prefix=".sql-", dir=warehouse.path.parent) as folder:
        copy = Path(folder, warehouse.path.name)
        with warehouse.reading():
            copied_at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
            clone_file(warehouse.path, copy)
            if log_path(warehouse.path).exists():  # commits of a killed process
                clone_file(log_path(warehouse.path), log_path(copy))
        err().print(f"Reading a copy of the warehouse: {copy.stat().st_size / 1e6:,.1f} MB, made {copied_at}.")
        with reading(copy) as connection:
            copy.unlink()
            yield connection

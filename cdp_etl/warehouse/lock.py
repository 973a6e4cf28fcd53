"""The operating system's lock around every opening of the warehouse, with a patient wait.

DuckDB refuses a second process at once; this lock makes it wait its turn instead. It ends with the process that
holds it, however that ends.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_etl.warehouse.errors import WarehouseLockedError


def lock_path(warehouse: Path) -> Path:
    """Give the lock file's place, beside the warehouse."""
    return warehouse.with_name(warehouse.name + ".lock")


@contextmanager
def held_lock(warehouse: Path, timeout_seconds: float, waited: Callable[[float], None]) -> Iterator[None]:
    """Hold the lock during the block; `waited` is told how many seconds it took to have it.

    Raises:
        WarehouseLockedError: where it was not to be had in time; it names the lock and, where known, the holder.
    """
    path = lock_path(warehouse)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=timeout_seconds, thread_local=False)
    began = time.monotonic()
    try:
        lock.acquire()
    except Timeout:
        raise WarehouseLockedError(path, time.monotonic() - began, _holder(path)) from None
    try:
        path.write_text(str(os.getpid()), encoding="ascii")
        waited(time.monotonic() - began)
        yield
    finally:
        lock.release()


def _holder(path: Path) -> int | None:
    written = path.read_text(encoding="ascii")
    return int(written) if written.isdigit() else None

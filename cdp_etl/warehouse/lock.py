"""The operating system's lock around every opening of the warehouse, with a patient wait.

DuckDB refuses a second process at once; this lock makes it wait its turn instead. Readers share it, as they may
share the file. It ends with the process that holds it, however that ends.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_etl.warehouse.errors import WarehouseLockedError

_POLL_SECONDS = 0.05


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


@contextmanager
def shared_lock(warehouse: Path, timeout_seconds: float, waited: Callable[[float], None]) -> Iterator[None]:
    """Share the lock with other readers during the block; whoever wants it alone waits for all of them.

    A writer gets no precedence: it waits for a moment at which nobody reads.

    Raises:
        WarehouseLockedError: as `held_lock`.
    """
    path = lock_path(warehouse)
    began = time.monotonic()
    with path.open("a+", encoding="ascii") as lock:
        while not _is_shared(lock.fileno()):
            if time.monotonic() - began > timeout_seconds:
                raise WarehouseLockedError(path, time.monotonic() - began, _holder(path))
            time.sleep(_POLL_SECONDS)
        lock.truncate(0)  # of several readers none is the holder
        waited(time.monotonic() - began)
        yield


def _is_shared(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> int | None:
    written = path.read_text(encoding="ascii")
    return int(written) if written.isdigit() else None

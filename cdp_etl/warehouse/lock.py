"""Read-write lock of the warehouse, by the operating system.

DuckDB fails at once if another process has the file open; this lock makes a process wait instead. Readers share
the lock, as DuckDB lets them share the file. It ends with the process, also after `kill -9`. Decision 0082 gives
the reason for a lock of our own.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_etl.warehouse.errors import WarehouseLockedError
from cdp_etl.warehouse.file_errors import file_errors

_POLL_SECONDS = 0.05
_OWNER_ONLY, _OF_OTHERS = 0o600, 0o077


def lock_path(warehouse: Path) -> Path:
    """Return the path of the lock file."""
    return warehouse.with_name(warehouse.name + ".lock")


@contextmanager
def exclusive_lock(warehouse: Path, timeout_seconds: float, on_wait: Callable[[float], None]) -> Iterator[None]:
    """Hold the lock alone during the block; call `on_wait` with the seconds waited.

    Raises:
        WarehouseLockedError: If the lock is not acquired within the timeout. Names the holding process, if known.
    """
    path = lock_path(warehouse)
    lock = FileLock(path, timeout=timeout_seconds, thread_local=False)
    began = time.monotonic()
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(_open(path))
        try:
            lock.acquire()
        except Timeout:
            raise WarehouseLockedError(path, time.monotonic() - began, _locking_process(path)) from None
    try:
        with file_errors(path):
            path.write_text(str(os.getpid()), encoding="ascii")
        on_wait(time.monotonic() - began)
        yield
    finally:
        lock.release()


@contextmanager
def shared_lock(warehouse: Path, timeout_seconds: float, on_wait: Callable[[float], None]) -> Iterator[None]:
    """Share the lock with other readers during the block.

    Writers have no precedence: a writer waits until no process reads.

    Raises:
        WarehouseLockedError: See `exclusive_lock`.
    """
    path = lock_path(warehouse)
    began = time.monotonic()
    with file_errors(path):
        lock = os.fdopen(_open(path), "a+", encoding="ascii")
    with lock:
        while not _is_shared(lock.fileno()):
            if time.monotonic() - began > timeout_seconds:
                raise WarehouseLockedError(path, time.monotonic() - began, _locking_process(path))
            time.sleep(_POLL_SECONDS)
        with file_errors(path):
            lock.truncate(0)  # several readers may hold it, so none is named
        on_wait(time.monotonic() - began)
        yield


def _open(path: Path) -> int:
    """Open the lock file, and create it if it is missing, so that only its owner can: who opens it can hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & _OF_OTHERS:
        os.fchmod(descriptor, _OWNER_ONLY)
    return descriptor


def _is_shared(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locking_process(path: Path) -> int | None:
    written = path.read_text(encoding="ascii")
    return int(written) if written.isdigit() else None

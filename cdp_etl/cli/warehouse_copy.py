"""A copy of the warehouse for queries, because an open reader of the warehouse itself would hold up loads.

A copy is a folder `.sql-<process>-<start>` in that of the warehouse; the start tells processes of the same number
apart. On a terminal the copy belongs to the login session, and later queries of the session use it again.
Elsewhere, and if the first process of the session has ended, it belongs to the command. The next query deletes
copies whose session or command has ended.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from cdp_etl.cli.output import err, progress
from cdp_etl.cli.snapshot_reading import reading
from cdp_etl.durable_files import clone_file
from cdp_etl.process_start import start_time
from cdp_etl.warehouse import Warehouse
from cdp_etl.warehouse.connection import log_path

_FOLDER = re.compile(r"\.sql-(\d+)-(\d*)(?:-(\d+))?")
"""Owner, its start time in kernel ticks, and for a copy of a session the time of copying in nanoseconds."""


@contextmanager
def reading_copy(
    warehouse: Warehouse, *, is_fresh: bool = False, is_kept: bool | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a copy of the warehouse, which reads the copy and no other file.

    A new copy is made under the shared lock, which is released before the first query. The pseudonym key is not
    part of the warehouse.

    Args:
        warehouse: The warehouse.
        is_fresh: Whether a new copy is made although the session has one.
        is_kept: Whether the copy is kept for the session. Otherwise its name is deleted as soon as it is open, so
            that the system frees its space when this process ends, also by kill -9. None: kept on a terminal.

    Raises:
        WarehouseMissingError, WarehouseLockedError: See `Warehouse.reading`.
    """
    if is_kept is None:
        is_kept = sys.stdin.isatty()
    folder = warehouse.path.parent
    _delete_leftovers(folder)
    found = None if is_fresh or not is_kept else _copy_of_session(folder)
    copied = _make_copy(warehouse) if found is None else found
    if found is None and is_kept:
        copied = _keep(copied)
    copy = copied / warehouse.path.name
    _report(copy, is_kept=is_kept)
    with reading(copy) as connection:
        if not is_kept:
            shutil.rmtree(copied)
        yield connection


def _make_copy(warehouse: Warehouse) -> Path:
    """Return the folder of a new copy, which belongs to this process."""
    folder = warehouse.path.with_name(_owned_name(os.getpid()))
    shutil.rmtree(folder, ignore_errors=True)  # of this process: it failed to open it
    with progress() as report, warehouse.reading():
        gigabytes = f"{warehouse.path.stat().st_size / 1e9:,.1f} GB"
        report(f"Copying the warehouse, {gigabytes} …")
        folder.mkdir()
        clone_file(
            warehouse.path,
            folder / warehouse.path.name,
            lambda copied: report(f"Copying the warehouse: {copied / 1e9:,.1f} of {gigabytes}"),
        )
        if log_path(warehouse.path).exists():  # commits of a killed process
            clone_file(log_path(warehouse.path), log_path(folder / warehouse.path.name))
    return folder


def _keep(copied: Path) -> Path:
    """Pass a copy on to the session, and delete the session's former one."""
    former = _copy_of_session(copied.parent)
    kept = copied.rename(copied.with_name(f"{_owned_name(_session())}-{time.time_ns()}"))
    if former is not None:
        shutil.rmtree(former)  # a reader that has it open keeps it
    return kept


def _copy_of_session(folder: Path) -> Path | None:
    return max(folder.glob(f"{_owned_name(_session())}-*"), default=None)


def _delete_leftovers(folder: Path) -> None:
    """Delete copies whose owner has ended."""
    for path in folder.glob(".sql-*"):
        named = _FOLDER.fullmatch(path.name)
        started = start_time(int(named[1])) if named else ""
        if named is None or not started or started != named[2]:
            shutil.rmtree(path)


def _session() -> int:
    """Return the first process of the session; this process if that one has ended or is in another container."""
    first = os.getsid(0)
    return first if start_time(first) else os.getpid()


def _owned_name(pid: int) -> str:
    return f".sql-{pid}-{start_time(pid)}"


def _report(copy: Path, *, is_kept: bool) -> None:
    """Report size and age of the copy, and how to replace it."""
    size = f"{copy.stat().st_size / 1e6:,.1f} MB"
    named = _FOLDER.fullmatch(copy.parent.name)
    copied_at = int(named[3]) / 1e9 if named and named[3] else time.time()
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(copied_at))
    minutes = int((time.time() - copied_at) / 60)
    age = f", {minutes} minutes ago" if minutes else ""
    advice = " --fresh makes a new one." if is_kept else ""
    err().print(f"Reading a copy of the warehouse: {size}, made {made}{age}.{advice}", soft_wrap=True)

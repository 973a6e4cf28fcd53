"""How the warehouse file is opened: late, under the lock, in UTC, within its limits, and always closed.

A DuckDB file that one process has open for writing cannot be opened by any other, not even for reading. So nobody
holds a connection: a `Warehouse` is a plain value, and its two context managers open the file for as long as a
block lasts.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from cdp_etl.warehouse.errors import WarehouseLockedError, WarehouseMissingError
from cdp_etl.warehouse.lock import held_lock, shared_lock
from cdp_etl.warehouse.schema import business_timezone, migrations

_POLL_SECONDS = 0.1
_HELD_BY_ANOTHER = "Conflicting lock"
"""What DuckDB says where another process, one that does not know our lock, has the file open."""


def _tell_nobody(_seconds: float) -> None:
    """Take the place of what counts waits where nothing does."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The warehouse file and how it may be used; no connection is held.

    Attributes:
        path: The DuckDB file; its lock and its folder of temporary files stand beside it.
        lock_timeout_seconds: How long an opening waits for another process.
        memory_limit: What DuckDB may use, in its own spelling (`2GiB`).
        threads: How many threads DuckDB may use.
        business_timezone: The IANA zone whose calendar day is an event's `activity_date`.
        lock_waited: Told at each opening how many seconds it waited for the lock.
    """

    path: Path
    lock_timeout_seconds: float
    memory_limit: str
    threads: int
    business_timezone: str
    lock_waited: Callable[[float], None] = field(default=_tell_nobody, compare=False, repr=False)

    @contextmanager
    def writing(self, *, any_timezone: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for writing, made or migrated where that is due.

        Args:
            any_timezone: Whether another business time zone than the remembered one is let by.

        Raises:
            WarehouseLockedError: where another process held it for all of the time to wait.
            WarehouseNewerError, StagingLayoutError: where the file is not one that this version can write to.
            BusinessTimezoneChangedError: where the days in the file are of another zone.
        """
        with (
            self.locked(),
            closing(self._connect(read_only=False)) as connection,
        ):
            migrations.migrate(connection, self.path)
            if not any_timezone:
                business_timezone.remember(connection, self.business_timezone)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for reading only; several may, in any processes, and nobody writes meanwhile.

        Raises:
            WarehouseMissingError: where there is none.
            WarehouseLockedError, WarehouseNewerError, StagingLayoutError: as `writing`.
            BusinessTimezoneChangedError: as `writing`.
        """
        if not self.path.exists():
            raise WarehouseMissingError(self.path)
        while True:
            with self._sharing() as connection:
                if migrations.is_up_to_date(connection, self.path):
                    business_timezone.check(connection, self.business_timezone)
                    yield connection
                    return
            with self.writing(any_timezone=True):
                pass  # which migrates it

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Hold the lock while the file is closed and whole, its write-ahead log folded in: for work on the file.

        Raises:
            WarehouseMissingError: where there is none.
            WarehouseLockedError, WarehouseNewerError, StagingLayoutError: as `writing`.
        """
        if not self.path.exists():
            raise WarehouseMissingError(self.path)
        with self.locked():
            with closing(self._connect(read_only=False)) as connection:
                migrations.migrate(connection, self.path)
                connection.execute("CHECKPOINT")
            yield

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock during a block, without opening the file.

        Raises:
            WarehouseLockedError: where another process held it for all of the time to wait.
        """
        return held_lock(self.path, self.lock_timeout_seconds, self.lock_waited)

    def limits(self) -> dict[str, str | bool | int | float | list[str]]:
        """Give what DuckDB may use, as the configuration of a connection."""
        return {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "temp_directory": str(self.path.with_name(self.path.name + ".tmp")),
        }

    @contextmanager
    def _sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with (
            shared_lock(self.path, self.lock_timeout_seconds, self.lock_waited),
            closing(self._connect(read_only=True)) as connection,
        ):
            yield connection

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        began = time.monotonic()
        limits = self.limits()
        if read_only:  # readers are several at once, and DuckDB names its temporary files alike in all
            limits["temp_directory"] = f"{limits['temp_directory']}-{os.getpid()}"
        else:  # nobody reads now: these are of readers that were killed
            for left in self.path.parent.glob(f"{self.path.name}.tmp-*"):
                shutil.rmtree(left)
        while True:
            try:
                connection = duckdb.connect(self.path, read_only=read_only, config=limits)
            except duckdb.IOException as error:
                waited = time.monotonic() - began
                if _HELD_BY_ANOTHER not in str(error):
                    raise
                if waited > self.lock_timeout_seconds:
                    raise WarehouseLockedError(self.path, waited, _holder(str(error))) from None
                time.sleep(_POLL_SECONDS)
            else:
                connection.execute("SET TimeZone = 'UTC'")
                return connection


def _holder(message: str) -> int | None:
    found = re.search(r"PID (\d+)", message)
    return int(found[1]) if found else None

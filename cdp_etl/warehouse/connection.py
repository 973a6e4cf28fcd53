"""Connections to the warehouse file: opened under the lock, in UTC, within memory and thread limits.

While a process has a DuckDB file open for writing, no other process can open it, not even for reading. So no
connection is stored: a `Warehouse` is a plain value, and its context managers open the file for one block.
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

from cdp_etl.vocabulary import Vocabulary, load_vocabulary
from cdp_etl.warehouse.errors import (
    WarehouseDamagedError,
    WarehouseLockedError,
    WarehouseMissingError,
    WarehouseStorageError,
)
from cdp_etl.warehouse.file_errors import as_file_error, database_errors, file_errors
from cdp_etl.warehouse.lock import exclusive_lock, shared_lock
from cdp_etl.warehouse.schema import business_timezone, event_vocabulary, migrations

COMPACTING = ".compacting"
RESTORING = ".restoring"
"""Suffixes of files that a compaction and a restore write before they replace the warehouse."""

_POLL_SECONDS = 0.1
_CONFLICT = "Conflicting lock"
"""Part of DuckDB's message if a process that does not use our lock has the file open."""


def _ignore(_seconds: float) -> None:
    """Ignore the time waited for the lock."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The warehouse file and its limits, without an open connection.

    Attributes:
        path: The DuckDB file; its lock file and its temporary files are in the same folder.
        lock_timeout_seconds: Seconds to wait for another process.
        memory_limit: Memory that DuckDB may use, in DuckDB's notation (`2GiB`).
        threads: Threads that DuckDB may use.
        business_timezone: The IANA zone whose calendar day is an event's `activity_date`.
        phone_region: The region (ISO 3166) of phones without a country code; a migration reads it.
        on_lock_wait: Called at each opening with the seconds waited for the lock.
        lake: Root of the normalized lake, which a migration may read; None if there is none.
        vocabulary: Meaning of the words of events.
    """

    path: Path
    lock_timeout_seconds: float
    memory_limit: str
    threads: int
    business_timezone: str
    phone_region: str = "VN"
    on_lock_wait: Callable[[float], None] = field(default=_ignore, compare=False, repr=False)
    lake: Path | None = None
    vocabulary: Vocabulary = field(default_factory=load_vocabulary, compare=False, repr=False)

    @contextmanager
    def writing(self, *, any_timezone: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for writing; create or migrate it first if needed.

        Args:
            any_timezone: Whether to accept a file whose days are of another business time zone.

        Raises:
            WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
            WarehouseDamagedError: If DuckDB cannot read the file.
            WarehouseStorageError: If the disk does not read or write it.
            WarehouseNewerError: If a newer version wrote the file.
            StagingLayoutError: If staging differs from the contract in a way that needs a migration.
            BusinessTimezoneChangedError: If the days in the file are of another business time zone.
        """
        with (
            self.locked(),
            database_errors(self.path),
            closing(self._connect(read_only=False)) as connection,
        ):
            self._remove_leftovers()
            migrations.migrate(connection, self.path, self.phone_region, self.lake)
            if not any_timezone:
                business_timezone.store_or_check(connection, self.business_timezone)
            event_vocabulary.adopt(connection, self.vocabulary, self.lake)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for reading only. Several processes may read at the same time; none can write meanwhile.

        Raises:
            WarehouseMissingError: If the file does not exist.
            WarehouseLockedError, WarehouseNewerError, StagingLayoutError: See `writing`.
            BusinessTimezoneChangedError: See `writing`.
        """
        self._require_exists()
        while True:
            with self._sharing() as connection:
                if migrations.is_up_to_date(connection, self.path):
                    business_timezone.check(connection, self.business_timezone)
                    yield connection
                    return
            with self.writing(any_timezone=True):
                pass  # migrates the file

    @contextmanager
    def verified(
        self, connection: duckdb.DuckDBPyConnection, verify: Callable[[duckdb.DuckDBPyConnection], None]
    ) -> Iterator[None]:
        """Commit what the block writes, reopen the file and verify it; undo the commit if `verify` raises.

        The block's commits are in the write-ahead log only: the file itself is not changed before `verify`
        returned. To undo them, the log is deleted. A process that is killed before `verify` returned leaves the
        log, so its commits stay and are not verified.

        Args:
            connection: Connection of `writing`. It is closed at the end of the block, unless the block raises.
            verify: Called with a new connection to the reopened file.
        """
        connection.execute("CHECKPOINT")  # from here on the log has nothing but what the block writes
        _hold_checkpoints(connection)
        yield
        connection.close()
        try:
            with closing(self._connect(read_only=False)) as reopened:
                _hold_checkpoints(reopened)
                verify(reopened)
                # Closing then checkpoints, as for any other writer. If that fails, the verified log stays.
                reopened.execute("PRAGMA enable_checkpoint_on_shutdown")
        except BaseException:
            log_path(self.path).unlink(missing_ok=True)
            raise

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Hold the lock while the file is closed and checkpointed, for work on the file itself.

        Raises:
            WarehouseMissingError: If the file does not exist.
            WarehouseLockedError, WarehouseNewerError, StagingLayoutError: See `writing`.
        """
        self._require_exists()
        with self.locked():
            self._remove_leftovers()
            with database_errors(self.path), closing(self._connect(read_only=False)) as connection:
                migrations.migrate(connection, self.path, self.phone_region, self.lake)
                connection.execute("CHECKPOINT")
            yield

    def write_log_into_file(self) -> bool:
        """Write the log of committed transactions into the file, under the lock of the caller.

        Returns:
            Whether the file is complete without its log; False if it cannot be opened or written.

        Raises:
            WarehouseLockedError: If a process that does not use the lock has the file open.
        """
        if not self.path.exists():
            return False
        try:
            with closing(self._connect(read_only=False)) as connection:
                connection.execute("CHECKPOINT")
        except (WarehouseDamagedError, WarehouseStorageError, duckdb.Error):
            return False
        return not log_path(self.path).exists()

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock during a block, without opening the file.

        Raises:
            WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
        """
        return exclusive_lock(self.path, self.lock_timeout_seconds, self.on_lock_wait)

    def limits(self) -> dict[str, str | bool | int | float | list[str]]:
        """Return the limits of DuckDB as the configuration of a connection."""
        return {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "temp_directory": str(self.path.with_name(self.path.name + ".tmp")),
        }

    @contextmanager
    def _sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with (
            shared_lock(self.path, self.lock_timeout_seconds, self.on_lock_wait),
            database_errors(self.path),
            closing(self._connect(read_only=True)) as connection,
        ):
            yield connection

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        began = time.monotonic()
        limits = self.limits()
        if read_only:  # DuckDB uses the same names of temporary files in every process
            limits["temp_directory"] = f"{limits['temp_directory']}-{os.getpid()}"
        while True:
            try:
                connection = duckdb.connect(self.path, read_only=read_only, config=limits)
            except duckdb.IOException as error:
                waited = time.monotonic() - began
                if _CONFLICT not in str(error):
                    raise
                if waited > self.lock_timeout_seconds:
                    raise WarehouseLockedError(self.path, waited, _locking_process(str(error))) from None
                time.sleep(_POLL_SECONDS)
            except duckdb.Error as error:
                raise as_file_error(self.path, error) or WarehouseDamagedError(
                    self.path, type(error).__name__
                ) from None
            else:
                connection.execute("SET TimeZone = 'UTC'")
                return connection

    def _require_exists(self) -> None:
        with file_errors(self.path):
            exists = self.path.exists()
        if not exists:
            raise WarehouseMissingError(self.path)

    def _remove_leftovers(self) -> None:
        """Delete what killed processes left. A writer has the lock alone, so nobody uses these files."""
        with file_errors(self.path):
            for folder in self.path.parent.glob(f"{self.path.name}.tmp-*"):
                shutil.rmtree(folder)
            for suffix in (COMPACTING, RESTORING):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def log_path(path: Path) -> Path:
    """Return the path of DuckDB's write-ahead log of a file."""
    return path.with_name(f"{path.name}.wal")


def _hold_checkpoints(connection: duckdb.DuckDBPyConnection) -> None:
    """Write nothing from the write-ahead log to the file, neither at a commit nor when the file is closed."""
    connection.execute("SET checkpoint_threshold = '1TB'")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")


def _locking_process(message: str) -> int | None:
    found = re.search(r"PID (\d+)", message)
    return int(found[1]) if found else None

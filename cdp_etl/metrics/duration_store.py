"""Store of durations that the ledger does not have: stages and waits for the warehouse lock.

It is a small SQLite file that many processes add to. A duration that cannot be written is logged and never fails
a run.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_logger = logging.getLogger(__name__)

_BUSY_TIMEOUT_SECONDS = 1.0
_LOCK = ("lock", "")
_TABLE = """
    CREATE TABLE IF NOT EXISTS duration (
      stage TEXT, of TEXT, count INTEGER NOT NULL, sum REAL NOT NULL, last REAL NOT NULL, PRIMARY KEY (stage, of)
    )
"""
_ADD = """
    INSERT INTO duration VALUES (?1, ?2, 1, ?3, ?3)
    ON CONFLICT DO UPDATE SET count = count + 1, sum = sum + ?3, last = ?3
"""


@dataclass(frozen=True, slots=True)
class Durations:
    """Number of measurements, their sum and the latest one, in seconds."""

    count: int
    sum: float
    last: float


@dataclass(frozen=True, slots=True)
class DurationStore:
    """The SQLite file, created when the first duration is added."""

    path: Path

    def add_stage(self, stage: str, of: str, seconds: float) -> None:
        """Add the duration of a completed stage of an entity or mart."""
        self._add((stage, of), seconds)

    def add_lock_wait(self, seconds: float) -> None:
        """Add the time for which an opening of the warehouse waited, possibly zero."""
        self._add(_LOCK, seconds)

    def stage_durations(self) -> dict[tuple[str, str], Durations]:
        """Return the durations of stages by stage and entity or mart."""
        return {key: durations for key, durations in self._read().items() if key != _LOCK}

    def lock_waits(self) -> Durations:
        """Return the waits for the lock."""
        return self._read().get(_LOCK, Durations(0, 0.0, 0.0))

    def _add(self, key: tuple[str, str], seconds: float) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as connection, connection:
                connection.execute(_TABLE)
                connection.execute(_ADD, (*key, seconds))
        except (OSError, sqlite3.Error) as error:
            _logger.warning("The duration of %s was not recorded (%s).", key[0], type(error).__name__)

    def _read(self) -> dict[tuple[str, str], Durations]:
        """Return all durations; none, with a warning, if the file cannot be read."""
        try:
            if not self.path.exists():
                return {}
            with self._open() as connection:
                connection.execute(_TABLE)
                rows = connection.execute("SELECT stage, of, count, sum, last FROM duration ORDER BY stage, of")
                return {(stage, of): Durations(*values) for stage, of, *values in rows.fetchall()}
        except (OSError, sqlite3.Error) as error:
            _logger.warning(
                "The durations in %s cannot be read (%s). Delete the file; it is created again.", self.path, error
            )
            return {}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "PRAGMA synchronous = OFF"
            )  # a power failure may lose durations, which are not data
            yield connection

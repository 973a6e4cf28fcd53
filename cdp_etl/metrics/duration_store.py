"""What the ledger does not know and nobody could find out later: how long stages took, and waits for the lock.

Put here how that is kept: one small SQLite file that many processes add to. A figure that cannot be written costs
a line in the log, never a run.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 1.0
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
    """How often something took how long: in all, and the last time, in seconds."""

    count: int
    sum: float
    last: float


@dataclass(frozen=True, slots=True)
class DurationStore:
    """The file of durations; it is made when the first one is added."""

    path: Path

    def add_stage(self, stage: str, of: str, seconds: float) -> None:
        """Add that a stage of an entity or a mart came to its end."""
        self._add((stage, of), seconds)

    def add_lock_wait(self, seconds: float) -> None:
        """Add that an opening of the warehouse waited, or did not."""
        self._add(_LOCK, seconds)

    def stage_durations(self) -> dict[tuple[str, str], Durations]:
        """Give the durations of stages, by stage and what it was of."""
        return {key: durations for key, durations in self._read().items() if key != _LOCK}

    def lock_waits(self) -> Durations:
        """Give the waits for the lock."""
        return self._read().get(_LOCK, Durations(0, 0.0, 0.0))

    def _add(self, key: tuple[str, str], seconds: float) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._opened() as connection, connection:
                connection.execute(_TABLE)
                connection.execute(_ADD, (*key, seconds))
        except (OSError, sqlite3.Error) as error:
            _logger.warning("The duration of %s is not counted (%s).", key[0], type(error).__name__)

    def _read(self) -> dict[tuple[str, str], Durations]:
        if not self.path.exists():
            return {}
        with self._opened() as connection:
            connection.execute(_TABLE)
            rows = connection.execute("SELECT stage, of, count, sum, last FROM duration ORDER BY stage, of")
            return {(stage, of): Durations(*figures) for stage, of, *figures in rows.fetchall()}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut takes along are figures, not data
            yield connection

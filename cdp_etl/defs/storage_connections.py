"""Reuse of connections to the database of the Dagster instance, which `dagster.yaml` names.

By default Dagster opens a connection for each statement, to Postgres and to SQLite.
"""

import sqlite3
from threading import Lock
from typing import Any
from weakref import WeakSet

import dagster as dg
import sqlalchemy
from sqlalchemy.pool import QueuePool

from cdp_etl.defs.runtime.dagster_internals import (
    sqlite_event_log,
    sqlite_run_storage,
    sqlite_schedule_storage,
)

_STATEMENT_TIMEOUT_MILLISECONDS = 300_000
_RECYCLE_SECONDS = 10
_MAX_CONNECTIONS = 20
_MAX_SQLITE_FILES = 16
"""Files with open connections. Dagster has a file for each run, and a process that runs one needs four."""

_configured: WeakSet[dg.DagsterInstance] = WeakSet()
_sqlite_engines: dict[str, sqlalchemy.Engine] = {}
_sqlite_lock = Lock()


def reuse_connections(instance: dg.DagsterInstance) -> None:
    """Keep connections to Postgres open for some seconds.

    A login takes about 10 ms, and an event needs several: for small dumps more than the work itself. Dagster does
    the same for its web server; storages other than Postgres ignore it. Connections are recycled soon because
    Dagster retries a failed login, but not a statement on a dead connection.
    """
    if instance not in _configured:
        _configured.add(instance)
        instance.optimize_for_webserver(
            statement_timeout=_STATEMENT_TIMEOUT_MILLISECONDS,
            pool_recycle=_RECYCLE_SECONDS,
            max_overflow=_MAX_CONNECTIONS,
        )


def reuse_sqlite_connections() -> None:
    """Make Dagster's SQLite storages of this process use one engine for each file.

    An event needs about seven connections. With an engine for each, SQLAlchemy compiles each statement again, and
    SQLite writes its log back to the database at each close. Recording 600 events takes 0.35 to 0.51 times the
    CPU and 0.27 to 0.52 times the seconds. Dagster has no setting for it, so its function `create_engine` is
    replaced.
    """
    for storage in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        storage.create_engine = _sqlite_engine  # type: ignore[attr-defined]


def close_sqlite_connections() -> None:
    """Close the connections that no statement uses, so that a file can be moved or replaced."""
    with _sqlite_lock:
        while _sqlite_engines:
            _close(next(iter(_sqlite_engines)))


class _KeptConnections(QueuePool):
    """A pool that stays when its engine is disposed, which Dagster does after each statement."""

    def dispose(self) -> None:
        """Keep the connections. `close` closes them."""

    def recreate(self) -> "_KeptConnections":
        """Return the same pool."""
        return self

    def close(self) -> None:
        """Close the connections that are not in use. The others are closed when nothing refers to the pool."""
        super().dispose()


def _sqlite_engine(url: str, **options: Any) -> sqlalchemy.Engine:
    """Return the engine of a file; a new one if this process has none."""
    with _sqlite_lock:
        engine = _sqlite_engines.pop(url, None)
        if engine is None:
            if len(_sqlite_engines) >= _MAX_SQLITE_FILES:
                _close(next(iter(_sqlite_engines)))
            engine = sqlalchemy.create_engine(url, **options | {"poolclass": _KeptConnections})
            sqlalchemy.event.listen(engine, "connect", _commit_without_disk)
        _sqlite_engines[url] = engine
        return engine


def _commit_without_disk(connection: sqlite3.Connection, _record: object) -> None:
    """Let a commit return before the disk has its bytes: an event is some commits, a run hundreds of events.

    Dagster's files are in WAL mode, so they stay intact. A power failure may lose the last events of a run, which
    is lost with them; the ledger of loads is in the warehouse. A killed process loses nothing.
    """
    connection.execute("PRAGMA synchronous = NORMAL")


def _close(url: str) -> None:
    pool = _sqlite_engines.pop(url).pool
    if isinstance(pool, _KeptConnections):
        pool.close()

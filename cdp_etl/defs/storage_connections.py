"""Reuse of connections to the database of the Dagster instance, which `dagster.yaml` names."""

from weakref import WeakSet

import dagster as dg

_STATEMENT_TIMEOUT_MILLISECONDS = 300_000
_RECYCLE_SECONDS = 10
_MAX_CONNECTIONS = 20

_configured: WeakSet[dg.DagsterInstance] = WeakSet()


def reuse_connections(instance: dg.DagsterInstance) -> None:
    """Keep connections to Postgres open for some seconds. By default Dagster opens one for each statement.

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

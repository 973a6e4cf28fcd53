"""How a run's process talks to the database of Dagster's instance: it keeps a connection for a while.

Put here what is asked of Dagster's storage for speed. Where the storage is stands in `dagster.yaml`.
"""

from weakref import WeakSet

import dagster as dg

_STATEMENT_TIMEOUT_MILLISECONDS = 300_000
_KEPT_SECONDS = 10
_MOST_AT_A_TIME = 20

_keeping: WeakSet[dg.DagsterInstance] = WeakSet()


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Keep connections to Postgres open for seconds, where Dagster makes a new one for each statement.

    A login costs some ten milliseconds, and an event several of them: for small dumps more than the work itself.
    Dagster does this for its web server; other storages take no notice. A connection is not kept longer, for
    Dagster tries again where one cannot be made, but not where one that was kept is found to be dead.
    """
    if instance not in _keeping:
        _keeping.add(instance)
        instance.optimize_for_webserver(
            statement_timeout=_STATEMENT_TIMEOUT_MILLISECONDS,
            pool_recycle=_KEPT_SECONDS,
            max_overflow=_MOST_AT_A_TIME,
        )

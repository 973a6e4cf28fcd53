"""Execution of checks: over the affected keys before a run is committed, or over all rows."""

from collections.abc import Sequence

import duckdb

from cdp_etl.marts.checks.definitions import GRAIN_IS_UNIQUE, KEY_HASHES_MATCH_ROWS, checks_of
from cdp_etl.marts.checks.model import Check, CheckResult, CheckScope
from cdp_etl.marts.checks.value_check import bind_bounds
from cdp_etl.marts.engine.mart import Mart

_MAX_KEYS_SHOWN = 5


def check_affected(connection: duckdb.DuckDBPyConnection, mart: Mart, affected_keys: int) -> Sequence[CheckResult]:
    """Check the affected keys of a refresh, while its temporary tables exist.

    Without an affected key the run wrote no row, and only totals can differ: they are compared with the loads.
    """
    checks = [(check, check.incremental_sql) for check in checks_of(mart) if check.incremental_sql]
    if not affected_keys and mart.reconciliation is None:
        return [CheckResult(check, "affected keys") for check, _ in checks]
    bind_bounds(connection, mart, all_rows=False)
    return [run_check(connection, check, sql, "affected keys") for check, sql in checks]


def check_rebuilt(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Sequence[CheckResult]:
    """Check all rows after a rebuild, without the checks that cost much and cannot fail then alone.

    Totals also reveal a duplicate row, and the statement that wrote the rows computed their hashes.
    """
    skipped = {KEY_HASHES_MATCH_ROWS, *([GRAIN_IS_UNIQUE] if mart.reconciliation else [])}
    checks = [check for check in checks_of(mart) if check.name not in skipped]
    bind_bounds(connection, mart, all_rows=True)
    return [run_check(connection, check, check.full_sql, "all rows") for check in checks]


def check_all_rows(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Sequence[CheckResult]:
    """Check all rows of the mart against its inputs."""
    bind_bounds(connection, mart, all_rows=True)
    return [run_check(connection, check, check.full_sql, "all rows") for check in checks_of(mart)]


def run_check(
    connection: duckdb.DuckDBPyConnection, check: Check, violations_sql: str, scope: CheckScope
) -> CheckResult:
    """Run a check by one of its SELECTs."""
    ((violations, found, expected, keys),) = connection.execute(
        f"""
        WITH violation AS ({violations_sql}),
        shown AS (SELECT {check.key_expression} AS key FROM violation ORDER BY key LIMIT {_MAX_KEYS_SHOWN})
        SELECT
          count(*),
          coalesce(sum(found), 0),
          coalesce(sum(expected), 0),
          (SELECT coalesce(list(key ORDER BY key), []) FROM shown)
        FROM violation
        """
    ).fetchall()
    return CheckResult(check, scope, int(violations), int(found), int(expected), keys)

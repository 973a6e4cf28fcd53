"""Checks as they are run: on the keys that a run affected before it is committed, and on all rows.

A run whose checks do not hold is undone (`keeping.py`), so that nothing of it is published. Put here how a check
is looked at. What must hold stands in `facts.py`.
"""

from collections.abc import Sequence

import duckdb

from cdp_etl.marts.checks.definitions import GRAIN_IS_UNIQUE, KEY_HASHES_MATCH_ROWS, checks_of
from cdp_etl.marts.checks.model import Check, CheckResult, Scope
from cdp_etl.marts.engine.mart import Mart

_KEYS_TOLD = 5


def check_affected(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Sequence[CheckResult]:
    """Check what a patch of the mart affected; the temporary tables of the patch must still be there."""
    return [
        run_check(connection, check, check.incremental_sql, "affected keys")
        for check in checks_of(mart)
        if check.incremental_sql
    ]


def check_rebuilt(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Sequence[CheckResult]:
    """Check all rows of the mart, as far as that is cheap beside a rebuild, which has just made them.

    Totals tell of a row too many too; the hashes were made by the statement that wrote the rows.
    """
    passed_over = {KEY_HASHES_MATCH_ROWS, *([GRAIN_IS_UNIQUE] if mart.reconciliation else [])}
    checks = [check for check in checks_of(mart) if check.name not in passed_over]
    return [run_check(connection, check, check.full_sql, "all rows") for check in checks]


def check_all_rows(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Sequence[CheckResult]:
    """Check all rows of the mart, against what it is made from."""
    return [run_check(connection, check, check.full_sql, "all rows") for check in checks_of(mart)]


def run_check(connection: duckdb.DuckDBPyConnection, check: Check, full_sql: str, scope: Scope) -> CheckResult:
    """Give how a check comes out, by one of its SELECTs."""
    ((violations, found, expected, keys),) = connection.execute(
        f"""
        WITH contradiction AS ({full_sql}),
        told AS (SELECT {check.key_expression} AS key FROM contradiction ORDER BY key LIMIT {_KEYS_TOLD})
        SELECT
          count(*),
          coalesce(sum(found), 0),
          coalesce(sum(expected), 0),
          (SELECT coalesce(list(key ORDER BY key), []) FROM told)
        FROM contradiction
        """
    ).fetchall()
    return CheckResult(check, scope, int(violations), int(found), int(expected), keys)

"""Whether a mart is what its full rebuild would be: the invariant that all else rests on.

Put here the comparison of a mart with its own SELECT. Checks of one mart against another stand in `facts.py`.
"""

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.model import Check, CheckResult
from cdp_etl.marts.engine import input_views
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.settings import MartSettings


def check_matches_full_rebuild(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings
) -> CheckResult:
    """Check that the mart holds the rows of its full rebuild and no others; nothing is changed.

    It reads all of the mart's inputs: as dear as the rebuild itself. A mart that lists what happened is no
    function of its inputs: there is nothing that it could differ from.
    """
    check = _equals_its_rebuild(mart)
    if mart.change_log_of is not None:
        return CheckResult(check, "all rows")
    input_views.set_variables(connection, mart, settings)
    input_views.bind_full_inputs(connection, mart)
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in mart.select_columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt ({columns})")
    connection.execute(f"INSERT INTO rebuilt BY NAME {mart.sql}")
    result = run.run_check(connection, check, check.full_sql, "all rows")
    connection.execute("DROP TABLE temp.rebuilt")
    return result


def _equals_its_rebuild(mart: Mart) -> Check:
    grain = ", ".join(mart.grain)
    columns = ", ".join(quoted(column.name) for column in mart.select_columns)
    held, rebuilt = (f"SELECT {columns} FROM {table}" for table in (mart.storage_table, "rebuilt"))
    return Check(
        "equals_its_rebuild",
        mart.name,
        "It holds the rows that its SELECT gives over all of its inputs, and no others.",
        mart.grain,
        f"""
        SELECT {grain}, sum(held) AS found, sum(rebuilt) AS expected
        FROM (
          SELECT {grain}, 1 AS held, 0 AS rebuilt FROM ({held} EXCEPT ALL {rebuilt})
          UNION ALL
          SELECT {grain}, 0 AS held, 1 AS rebuilt FROM ({rebuilt} EXCEPT ALL {held})
        )
        GROUP BY {grain}
        """,
    )

"""The check that a mart matches its full rebuild: the invariant of incremental refresh."""

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
    """Check that the mart has exactly the rows of its full rebuild; no table is changed.

    Costs as much as the rebuild. A change log passes, because it is not a function of its inputs.
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
    stored, rebuilt = (f"SELECT {columns} FROM {table}" for table in (mart.storage_table, "rebuilt"))
    return Check(
        "equals_its_rebuild",
        mart.name,
        "The mart has exactly the rows that its SELECT returns over all of its inputs.",
        mart.grain,
        f"""
        SELECT {grain}, sum(stored) AS found, sum(rebuilt) AS expected
        FROM (
          SELECT {grain}, 1 AS stored, 0 AS rebuilt FROM ({stored} EXCEPT ALL {rebuilt})
          UNION ALL
          SELECT {grain}, 0 AS stored, 1 AS rebuilt FROM ({rebuilt} EXCEPT ALL {stored})
        )
        GROUP BY {grain}
        """,
    )

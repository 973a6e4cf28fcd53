"""The check that a mart matches its full rebuild: the invariant of incremental refresh."""

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.model import Check, CheckResult
from cdp_etl.marts.engine import input_views
from cdp_etl.marts.engine.functions import create_functions
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.settings import MartSettings


def check_matches_full_rebuild(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings
) -> CheckResult:
    """Check that the mart has exactly the rows that its SELECT returns in this process; no table is changed.

    The upstream marts are read as they are stored. `cdp_etl.marts.full_check` rebuilds them in a fresh process.
    Costs as much as the rebuild. A change log passes, because it is not a function of its inputs.
    """
    check = equals_its_rebuild(mart)
    if mart.change_log_of is not None:
        return CheckResult(check, "all rows")
    create_functions(connection)
    input_views.bind_settings(connection, mart, settings)
    input_views.bind_full_inputs(connection, mart)
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in mart.select_columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt ({columns})")
    connection.execute(f"INSERT INTO rebuilt BY NAME {mart.sql}")
    result = run.run_check(connection, check, check.full_sql, "all rows")
    connection.execute("DROP TABLE temp.rebuilt")
    return result


def equals_its_rebuild(mart: Mart, *, stored: str | None = None, rebuilt: str = "rebuilt") -> Check:
    """Return the check that two tables have the same rows; the result has numbers of rows only.

    Args:
        mart: The mart.
        stored: Table of the mart; None is the one of the warehouse.
        rebuilt: Table of its rebuild.
    """
    columns = ", ".join(quoted(column.name) for column in mart.select_columns)
    stored, rebuilt = (f"SELECT {columns} FROM {table}" for table in (stored or mart.storage_table, rebuilt))
    return Check(
        "equals_its_rebuild",
        mart.name,
        "The mart has exactly the rows that its SELECT returns over all of its inputs.",
        ("difference",),
        f"""
        WITH counted AS (
          SELECT
            (SELECT count(*) FROM ({stored})) AS stored_rows,
            (SELECT count(*) FROM ({rebuilt})) AS rebuilt_rows,
            (SELECT count(*) FROM ({stored} EXCEPT ALL {rebuilt})) AS only_stored
        )
        -- The other direction without a second EXCEPT ALL: both tables have the same number of common rows.
        SELECT difference, found, expected
        FROM (
          SELECT 'that the rebuild lacks' AS difference, only_stored AS found, 0 AS expected FROM counted
          UNION ALL
          SELECT 'that only the rebuild has', 0, rebuilt_rows - stored_rows + only_stored FROM counted
        )
        WHERE found + expected > 0
        """,
        shown_key="(found + expected) || ' rows ' || difference",
    )

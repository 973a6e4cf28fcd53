"""Whether a mart is what its full rebuild would be: the invariant that all else rests on.

Put here the comparison of a mart with its own SELECT. Checks of one mart against another stand in `checks.py`.
"""

import duckdb

from cdp_etl.contract.ddl import quoted
from cdp_etl.marts import cutting
from cdp_etl.marts.mart import Mart
from cdp_etl.marts.settings import MartSettings


def rows_that_differ(connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings) -> int:
    """Count the rows that stand in the mart or in its full rebuild, but not in both; nothing is changed.

    It reads all of the mart's inputs: as dear as the rebuild itself. A mart that lists what happened is no
    function of its inputs: there is nothing that it could differ from.
    """
    if mart.log_of is not None:
        return 0
    cutting.set_variables(connection, mart, settings)
    cutting.show_whole(connection, mart)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt AS FROM {mart.table} LIMIT 0")
    connection.execute(f"INSERT INTO rebuilt BY NAME {mart.sql}")
    columns = ", ".join(quoted(column.name) for column in mart.columns)
    held, rebuilt = (f"SELECT {columns} FROM {table}" for table in (mart.table, "rebuilt"))
    ((count,),) = connection.execute(
        f"""
        SELECT count(*)
        FROM (({held} EXCEPT ALL {rebuilt}) UNION ALL ({rebuilt} EXCEPT ALL {held}))
        """
    ).fetchall()
    connection.execute("DROP TABLE temp.rebuilt")
    return int(count)

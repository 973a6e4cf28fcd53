"""What a patch takes out of a mart and puts in, counted: what is checked before it is committed.

A mart must gain exactly the records that the change feed tells of, no more and no fewer, whichever slices were
made anew. That is counted from what left and what entered, so it costs what the change costs, not the history.

Put here the temporary tables `leaving`, `entered` and `doubled`. What must hold of them stands in `facts.py`.
"""

import duckdb

from cdp_etl.contract.ddl import quoted
from cdp_etl.marts import cutting
from cdp_etl.marts.mart import Counted, Mart, Slice

_ROWS = Counted("1", by=("company_id",), of="true")
"""For a mart that does not count records: its rows are counted, and compared with nothing."""


def begin(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Make the tables, empty: what is not touched gains nothing.

    They are made anew where there are rows: DuckDB 2.0.0 finds no row in one made by `AS … LIMIT 0` until the
    transaction ends, where there are many.
    """
    counted = mart.counted or _ROWS
    by = ", ".join(counted.by)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE leaving AS SELECT rowid AS row_id, {by}, {counted.column} AS n"
        f" FROM {mart.table} LIMIT 0;"
        f"CREATE OR REPLACE TEMP TABLE entered AS SELECT {by}, {counted.column}::HUGEINT AS n FROM {mart.table}"
        " LIMIT 0;"
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {', '.join(mart.grain)}, 0 AS found FROM {mart.table}"
        " LIMIT 0"
    )


def find_leaving(connection: duckdb.DuckDBPyConnection, mart: Mart, cut: Slice) -> None:
    """Find the rows of the touched slices, which are about to be deleted."""
    counted = mart.counted or _ROWS
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE leaving AS
        SELECT mart.rowid AS row_id, {", ".join(f"mart.{column}" for column in counted.by)}, {counted.column} AS n
        FROM {mart.table} AS mart SEMI JOIN {quoted(cut.touched)} AS touched USING ({", ".join(cut.columns)})
        WHERE {cutting.within_days(connection, cut, "mart")}
        """
    )


def count_entered(connection: duckdb.DuckDBPyConnection, mart: Mart, cut: Slice) -> None:
    """Count the rows that have a touched grain now, in whichever slice they are."""
    counted = mart.counted or _ROWS
    own = tuple(column for column in cut.columns if column in mart.grain or column == "key_hash")
    columns, by, grain = ", ".join(own), ", ".join(counted.by), ", ".join(mart.grain)
    one_of = ", ".join(
        column if column in mart.grain else f"any_value({column}) AS {column}" for column in counted.by
    )
    rows = (
        f"{mart.table} AS mart SEMI JOIN {quoted(cut.touched)} AS touched USING ({columns})"
        f" WHERE {cutting.within_days(connection, Slice(cut.touched, own), 'mart')}"
    )
    ((doubles,),) = connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE entered AS
        SELECT {by}, sum(n) AS n, sum(found) - count(*) AS doubles
        FROM (SELECT {one_of}, sum({counted.column}) AS n, count(*) AS found FROM {rows} GROUP BY {grain})
        GROUP BY {by};
        SELECT coalesce(sum(doubles), 0) FROM entered
        """
    ).fetchall()
    if doubles:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {grain}, count(*) AS found FROM {rows}"
            f" GROUP BY {grain} HAVING count(*) > 1"
        )

"""Why records were refused, and what was odd about records that were not: reasons and warnings, with counts.

A reason names a field and a fact, never a value. Put here only counts of them: the refused bytes stay where they
are.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.entities import ENTITIES
from cdp_etl.report.asking import ask


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of an entity (by its table's name) bear one reason or one warning."""

    entity: str
    what: str
    record_count: int


def read_reasons(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[Count, ...]:
    """Give the reasons for which records of the day's dumps were refused, the commonest first."""
    return ask(connection, "reasons", Count, dump_date=dump_date)


def read_warnings(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[Count, ...]:
    """Give what was odd about accepted records of the day's dumps, the commonest first."""
    entities = " UNION ALL ".join(
        f"SELECT '{entity.table}' AS entity, warnings FROM staging.{entity.table} WHERE dump_date = $dump_date"
        for entity in ENTITIES
    )
    rows = connection.execute(
        f"""
        SELECT entity, what, count(*) AS record_count
        FROM (SELECT entity, unnest(list_distinct(warnings)) AS what FROM ({entities}))
        GROUP BY entity, what
        ORDER BY record_count DESC, entity, what
        """,
        {"dump_date": dump_date},
    ).fetchall()
    return tuple(Count(*row) for row in rows)

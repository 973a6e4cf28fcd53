"""Why records were refused, and what was odd about records that were not: reasons and warnings, with counts.

A reason names a field and a fact, never a value; a key that may be one is left out. Put here only counts: the
refused bytes stay where they are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.contract.naming import KEY_WARNING, without_odd_key
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.query import ask


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of an entity (by its table's name) bear one reason or one warning."""

    entity: str
    what: str
    record_count: int


@dataclass(frozen=True, slots=True)
class TotalCount:
    """How many records bear one reason or warning, in all and by entity, the commonest entity first."""

    what: str
    record_count: int
    by_entity: tuple[Count, ...]


def totals(counts: Sequence[Count]) -> tuple[TotalCount, ...]:
    """Add up over entities what bears the same words, the commonest first."""
    grouped: dict[str, list[Count]] = {}
    for count in counts:
        grouped.setdefault(count.what, []).append(count)
    added = [TotalCount(what, sum(c.record_count for c in of), tuple(of)) for what, of in grouped.items()]
    return tuple(sorted(added, key=lambda total: (-total.record_count, total.what)))


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
        """,
        {"dump_date": dump_date},
    ).fetchall()
    counts: Counter[tuple[str, str]] = Counter()
    for entity, what, record_count in rows:
        counts[entity, without_odd_key(what, KEY_WARNING)] += record_count
    ordered = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return tuple(Count(*place, record_count) for place, record_count in ordered)

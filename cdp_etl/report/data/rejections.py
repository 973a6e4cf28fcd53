"""Counts of the reasons of quarantined records and of the warnings on accepted ones.

A reason names a field and a fact, never a value. A key that may be a value is left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.contract.naming import NOT_AN_OBJECT, redact_key
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.query import run_query


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Number of records of an entity, named by its table, with one reason or warning."""

    entity: str
    reason: str
    record_count: int


@dataclass(frozen=True, slots=True)
class ReasonTotal:
    """Number of records with one reason or warning, in total and by entity, most frequent entity first."""

    reason: str
    record_count: int
    by_entity: tuple[ReasonCount, ...]


def totals(counts: Sequence[ReasonCount]) -> tuple[ReasonTotal, ...]:
    """Return the totals over entities of equal reasons or warnings, most frequent first."""
    grouped: dict[str, list[ReasonCount]] = {}
    for count in counts:
        grouped.setdefault(count.reason, []).append(count)
    added = [ReasonTotal(reason, sum(c.record_count for c in of), tuple(of)) for reason, of in grouped.items()]
    return tuple(sorted(added, key=lambda total: (-total.record_count, total.reason)))


def read_reasons(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[ReasonCount, ...]:
    """Return the reasons of quarantined records of a dump date, most frequent first."""
    return run_query(connection, "reasons", ReasonCount, dump_date=dump_date)


def read_warnings(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[ReasonCount, ...]:
    """Return the warnings on accepted records of a dump date, most frequent first."""
    entities = " UNION ALL ".join(
        f"SELECT '{entity.table}' AS entity, warnings FROM staging.{entity.table} WHERE dump_date = $dump_date"
        for entity in ENTITIES
    )
    rows = connection.execute(
        f"""
        SELECT entity, reason, count(*) AS record_count
        FROM (SELECT entity, unnest(list_distinct(warnings)) AS reason FROM ({entities}))
        GROUP BY entity, reason
        """,
        {"dump_date": dump_date},
    ).fetchall()
    counts: Counter[tuple[str, str]] = Counter()
    for entity, reason, record_count in rows:
        counts[entity, redact_key(reason, NOT_AN_OBJECT)] += record_count
    ordered = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return tuple(ReasonCount(entity, reason, record_count) for (entity, reason), record_count in ordered)

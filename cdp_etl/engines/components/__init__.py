"""Persons as connected components of identifiers, by SQL that an engine can spread over machines.

Large-star and small-star (Kiveris et al. 2014): each round ties the neighbours of a node to the smallest of them,
until every component is a star around its smallest identifier. It takes O(log² n) rounds, each a few joins and
GROUP BYs. Each round is stored: else the plan of a round would contain all rounds before it.

The SQL is common to Spark and DuckDB.
"""

from functools import partial
from pathlib import Path
from typing import Protocol

from cdp_etl.marts.engine.sql_files import read_sql

_sql = partial(read_sql, "cdp_etl.engines.components")


class Tables(Protocol):
    """Tables of an engine by name."""

    def bind(self, name: str, select: str) -> None:
        """Bind a name to a SELECT."""

    def store(self, name: str, select: str) -> Path:
        """Store the rows of a SELECT under a name; the SELECT may read the former rows of the name."""

    def has_rows(self, select: str) -> bool:
        """Return whether a SELECT has any row."""


def find_components(tables: Tables) -> None:
    """Bind `component` to each node with the smallest identifier of its component.

    Args:
        tables: Tables of the engine, with `identifier_link` and `node`.
    """
    tables.store("edge", _sql("edge"))
    while tables.has_rows(_sql("unfinished")):
        tables.store("edge", _sql("round"))
    tables.bind("component", _sql("component"))

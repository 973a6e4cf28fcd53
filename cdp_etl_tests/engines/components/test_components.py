"""Persons by large-star and small-star are the connected components that scipy finds; DuckDB runs the SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.engines import components
from cdp_etl.marts.models import connected_components

Pairs = Sequence[tuple[int, int]]


@dataclass
class DuckTables:
    """Tables of DuckDB; counts how many are stored."""

    connection: duckdb.DuckDBPyConnection
    stored: int = 0

    def bind(self, name: str, select: str) -> None:
        """Create a view."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")

    def store(self, name: str, select: str) -> Path:
        """Create a table; the SELECT may read the former one."""
        self.stored += 1
        self.connection.execute(f"CREATE TEMP TABLE {name}_{self.stored} AS {select}")
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {name}_{self.stored}")
        return Path()

    def has_rows(self, select: str) -> bool:
        """Run the SELECT."""
        return bool(self.connection.execute(f"FROM ({select}\n) LIMIT 1").fetchall())


def _components(pairs: Pairs, excluded: frozenset[int] = frozenset()) -> tuple[set[tuple[str, ...]], int]:
    """Return what the two ways find, asserted to be equal, and the number of stored tables."""
    with duckdb.connect() as connection:
        # Names in another order than the numbers, so that the smallest is anywhere.
        connection.execute("CREATE TEMP TABLE pair (a BIGINT, b BIGINT)")
        connection.execute(
            "INSERT INTO pair SELECT unnest(?), unnest(?)", [[a for a, _ in pairs], [b for _, b in pairs]]
        )
        connection.execute(
            "CREATE TEMP TABLE identifier_link AS SELECT DISTINCT"
            " 'K' AS company_id, md5(a::VARCHAR) AS identifier, md5(b::VARCHAR) AS other_identifier"
            " FROM (FROM pair UNION SELECT b, a FROM pair UNION SELECT a, a FROM pair UNION SELECT b, b FROM pair)"
        )
        connection.execute(
            "CREATE TEMP TABLE node AS SELECT DISTINCT company_id, identifier,"
            " CASE WHEN list_contains(?::BIGINT[], number) THEN 'shared' END AS exclusion_reason"
            " FROM identifier_link"
            " INNER JOIN (SELECT unnest([a, b]) AS number FROM pair) ON md5(number::VARCHAR) = identifier",
            [sorted(excluded)],
        )
        tables = DuckTables(connection)
        components.find_components(tables)
        found = connection.execute("SELECT company_id, identifier, person_id FROM component").fetchall()
        connection.execute("DROP VIEW component")
        connected_components.find_components(connection)
        expected = connection.execute("SELECT company_id, identifier, person_id FROM component").fetchall()
    assert sorted(found) == sorted(expected)
    return set(found), tables.stored


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=20),
    st.frozensets(st.integers(0, 12), max_size=3),
)
def test_persons_of_any_graph_are_its_components(pairs: Pairs, excluded: frozenset[int]) -> None:
    _components(pairs, excluded)


@pytest.mark.parametrize(
    "pairs",
    [
        [(number, number + 1) for number in range(3_000)],
        [(number, number // 10) for number in range(1, 3_000)],
        [(number, number * number % 2_003) for number in range(2_003)],
    ],
    ids=["a chain", "a tree", "a random graph"],
)
def test_a_large_graph_takes_few_rounds(pairs: Pairs) -> None:
    _, stored = _components(pairs)

    assert 2 <= stored <= 12

"""Persons as connected components of identifiers, by scipy.

Put here the graph alone. What is a node, what links two, and which of them a change reaches is SQL, in
`customer_identity.py`.
"""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

# scipy ships no types and its stubs are a package of their own; what comes out is an array of int32 labels.
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]


def find_components(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `component`: each node of `node` with the smallest identifier of its component.

    An edge is a pair of `identifier_link` both of whose ends are nodes that link.
    """
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT
          company_id,
          identifier,
          does_not_link_because IS NULL AS links,
          row_number() OVER (ORDER BY company_id, identifier) - 1 AS number
        FROM node
        """
    )
    edges = connection.execute(
        """
        SELECT one.number AS one, other.number AS other
        FROM identifier_link
        INNER JOIN numbered AS one USING (company_id, identifier)
        INNER JOIN numbered AS other
          ON other.company_id = identifier_link.company_id AND other.identifier = identifier_link.other_identifier
        WHERE one.links AND other.links AND one.number < other.number
        """
    ).fetchnumpy()
    ((count,),) = connection.execute("SELECT count(*) FROM numbered").fetchall()
    member = pa.table(  # noqa: F841 - DuckDB reads it by this name
        {"number": np.arange(count), "first_number": _smallest_of_each(edges["one"], edges["other"], count)}
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE component AS
        SELECT numbered.company_id, numbered.identifier, smallest.identifier AS person_id
        FROM member
        INNER JOIN numbered USING (number)
        INNER JOIN numbered AS smallest ON smallest.number = member.first_number
        """
    )


def _smallest_of_each(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Give for each node the smallest number of its component; nodes are numbered in the order of identifiers."""
    if not count:
        return np.arange(0)
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, smallest = np.unique(labels, return_index=True)
    found: np.ndarray[Any, Any] = smallest[labels]
    return found

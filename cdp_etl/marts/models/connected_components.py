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
        SELECT company_id, identifier, exclusion_reason IS NULL AS links, row_number() OVER () - 1 AS number
        FROM node
        """
    )
    edges = connection.execute(
        """
        WITH pair AS (
          SELECT company_id, identifier, other_identifier FROM identifier_link WHERE identifier < other_identifier
        )
        SELECT one.number AS one, other.number AS other
        FROM pair
        INNER JOIN numbered AS one USING (company_id, identifier)
        INNER JOIN numbered AS other
          ON other.company_id = pair.company_id AND other.identifier = pair.other_identifier
        WHERE one.links AND other.links
        """
    ).fetchnumpy()
    ((count,),) = connection.execute("SELECT count(*) FROM numbered").fetchall()
    member = pa.table(  # noqa: F841 - DuckDB reads it by this name
        {"number": np.arange(count), "label": _labels(edges["one"], edges["other"], count)}
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE component AS
        WITH labelled AS (SELECT * FROM numbered INNER JOIN member USING (number)),
        person AS (SELECT label, min(identifier) AS person_id FROM labelled GROUP BY label)
        SELECT company_id, identifier, person_id FROM labelled INNER JOIN person USING (label)
        """
    )


def _labels(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Give for each node a number that the nodes of its component share."""
    if not count:
        return np.arange(0)
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    found: np.ndarray[Any, Any] = labels
    return found

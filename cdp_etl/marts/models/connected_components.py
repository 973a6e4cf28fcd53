"""Persons as connected components of identifiers, computed by scipy.

The SQL of `customer_identity` defines the nodes, the edges and the identifiers that a change affects.
"""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

# scipy has no type hints, and its stubs are a separate package.
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]


def find_components(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `component` with the smallest identifier of the component of each `node`.

    An edge is a pair of `identifier_link`, unless one of its nodes is excluded from identity matching.
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
    """Return a label for each node; nodes of one component have the same label."""
    if not count:
        return np.arange(0)
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    found: np.ndarray[Any, Any] = labels
    return found

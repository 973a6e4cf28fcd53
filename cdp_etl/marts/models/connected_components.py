"""Persons as connected components of identifiers, computed by scipy.

The SQL of `customer_identity` defines the nodes, the edges and the identifiers that a change affects.
"""

from functools import partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cdp_etl.marts.engine.sql_files import read_sql

_sql = partial(read_sql, "cdp_etl.marts.models")


def find_components(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `component` with the smallest identifier of the component of each `node`.

    An edge is a pair of `identifier_link`, unless one of its nodes is excluded from identity matching.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE numbered_node AS {_sql('customer_identity/numbered_node')}")
    edges = connection.execute(_sql("customer_identity/edge")).fetchnumpy()
    ((count,),) = connection.execute("SELECT count(*) FROM numbered_node").fetchall()
    component_label = pa.table(  # noqa: F841 - DuckDB reads it by this name
        {"number": np.arange(count), "label": _labels(edges["number"], edges["other_number"], count)}
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE component AS {_sql('customer_identity/component')}")


def _labels(numbers: np.ndarray[Any, Any], others: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Return a label for each node; nodes of one component have the same label."""
    if not count:
        return np.arange(0)
    # scipy costs 0.3 CPU seconds to import. It has no type hints, and its stubs are a separate package.
    from scipy.sparse import coo_array  # type: ignore[import-untyped] # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped] # noqa: PLC0415

    graph = coo_array((np.ones(len(numbers), dtype=np.int8), (numbers, others)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    result: np.ndarray[Any, Any] = labels
    return result

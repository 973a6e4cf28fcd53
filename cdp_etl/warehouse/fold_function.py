"""SQL function `fold_name`, which folds names as normalization does.

It serves rows that an older release normalized: those in staging (a migration) and those in the lake (a load of
such a dump). DuckDB calls it with whole columns, so each distinct spelling in them is folded once.
"""

from typing import Any

import duckdb
import polars as pl
from duckdb.func import ARROW, SPECIAL

from cdp_etl.contract.name_folding import fold_names
from cdp_etl.warehouse.sql import single_value

_NAME = "fold_name"


def ensure_fold_function(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the function for this connection, unless it exists."""
    if single_value(
        connection, "SELECT count(*) FROM duckdb_functions() WHERE function_name = ? AND NOT internal", [_NAME]
    ):
        return
    connection.create_function(_NAME, _fold, ["VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL)


def _fold(names: Any) -> Any:
    """Return an Arrow column of names folded; DuckDB evaluates the annotations, so they name no Arrow type."""
    return fold_names(pl.Series(names, dtype=pl.String())).to_arrow()

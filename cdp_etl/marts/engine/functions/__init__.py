"""SQL functions that the marts' SELECTs call, one statement per file: the only place where marts round.

All marts round by one rule: half away from zero. DuckDB's own `round` and casts are not used to round, because
engines round in different ways (decision 0087).

Belongs here: functions of values alone. Does not belong here: anything that reads a table or a setting.
"""

import re
from collections.abc import Mapping
from typing import Final

import duckdb

from cdp_etl.marts.engine.sql_files import read_sql, without_comments

FUNCTIONS: Final[Mapping[str, str]] = {
    name: read_sql("cdp_etl.marts.engine.functions", name)
    for name in ("round_quotient", "round_number", "to_amount")
}
"""Statement that creates each function, by name; a function calls only those before it."""


def create_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the functions for this connection."""
    for statement in FUNCTIONS.values():
        connection.execute(statement)


def function_definitions(sql: str) -> list[str]:
    """Return the definitions of the functions that a statement calls, directly or through each other."""
    found = [name for name in FUNCTIONS if re.search(rf"\b{name}\(", sql)]
    return [without_comments(FUNCTIONS[name]) for name in FUNCTIONS if any(_calls(one, name) for one in found)]


def _calls(name: str, other: str) -> bool:
    return name == other or f"{other}(" in FUNCTIONS[name]

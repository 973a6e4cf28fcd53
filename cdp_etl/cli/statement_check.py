"""Check of a query before DuckDB runs it: one statement that only reads.

A statement's type alone does not say whether it writes. DuckDB 2.0 accepts COPY in the WITH clause of a SELECT,
EXPLAIN ANALYZE runs what it explains, and some table functions run SQL that is in a text.
"""

import re
from contextlib import closing
from typing import Final

import duckdb

from cdp_etl.errors import UsageError

ACCEPTED: Final = "one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE"

_EXPLAIN: Final = re.compile(
    r"[ \t\r\n]*EXPLAIN\b[ \t\r\n]*(?:ANALYZE\b[ \t\r\n]*)?(?:\([ \t\r\n]*(?:ANALYZE|FORMAT)\b[ \t\r\n\w,]*\))?",
    re.IGNORECASE,
)
"""EXPLAIN with its options. No comments, so that what follows is for DuckDB the statement that is explained."""

_PARTS: Final = """
SELECT
  json_extract_string(tree, '$.error_message'),
  list_distinct(json_extract_string(tree, '$..type')),
  list_distinct(json_extract_string(tree, '$..function.function_name'))
FROM (SELECT json_serialize_sql(?) AS tree)
"""
_READING_NODES: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})

_TABLE_FUNCTIONS: Final = (
    frozenset({"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"})
    | frozenset({"summary", "histogram", "histogram_values", "glob", "query_table"})
    | frozenset({"read_parquet", "parquet_scan", "parquet_schema", "parquet_metadata", "parquet_file_metadata"})
    | frozenset({"duckdb_columns", "duckdb_databases", "duckdb_functions", "duckdb_keywords", "duckdb_memory"})
    | frozenset({"duckdb_schemas", "duckdb_settings", "duckdb_tables", "duckdb_types", "duckdb_views"})
    | frozenset({"pragma_table_info", "pragma_show", "pragma_version"})
    | frozenset({"pg_timezone_names", "icu_calendar_names"})
)
"""Table functions that read, and run no SQL that is passed to them."""


class QueryError(UsageError):
    """The query is refused, or DuckDB rejects it; then the message is DuckDB's."""


def require_reading_statement(text: str) -> None:
    """Check that the text is one statement that only reads.

    Raises:
        QueryError: If it is not. The message names what is refused.
    """
    with closing(duckdb.connect(config={"python_enable_replacements": "false"})) as parser:
        try:
            select = _explained(parser, text) if _only_type(parser, text) == "EXPLAIN" else text
            if _only_type(parser, select) != "SELECT":
                raise QueryError(f"{_only_type(parser, select)} is refused; expected {ACCEPTED}.")
            ((error, types, table_functions),) = parser.execute(_PARTS, [select]).fetchall()
        except duckdb.Error as rejected:
            raise QueryError(str(rejected).strip()) from None
    if error is not None or "SELECT_NODE" not in types:
        raise QueryError(f"The query cannot be checked: {error or 'DuckDB does not show its parts'}.")
    for kind in sorted(types):
        if kind.endswith("_NODE") and kind not in _READING_NODES:
            written = kind.removesuffix("_NODE").removesuffix("_QUERY")
            raise QueryError(f"{written} within a query is refused; expected {ACCEPTED}.")
    for name in sorted({function.lower() for function in table_functions} - _TABLE_FUNCTIONS):
        raise QueryError(f"The table function {name} is refused. Accepted: {', '.join(sorted(_TABLE_FUNCTIONS))}.")


def _only_type(parser: duckdb.DuckDBPyConnection, text: str) -> str:
    statements = parser.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(f"{len(statements)} statements are refused; expected {ACCEPTED}.")
    if statements[0].type.name == "MULTI":
        raise QueryError(f"PIVOT without IN is several statements; name the values with IN. Expected {ACCEPTED}.")
    return statements[0].type.name


def _explained(parser: duckdb.DuckDBPyConnection, text: str) -> str:
    prefix = _EXPLAIN.match(text)
    if prefix is None:
        raise QueryError("EXPLAIN must come first, without comments before the query.")
    explained = text[prefix.end() :]
    if _only_type(parser, explained) != "SELECT":
        raise QueryError(f"EXPLAIN of {_only_type(parser, explained)} is refused; expected EXPLAIN of a SELECT.")
    return explained

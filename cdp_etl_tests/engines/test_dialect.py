"""Every SELECT of the marts is Spark SQL after translation, and each rule writes what DuckDB computes. No JVM."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from cdp_etl.engines.dialect import spark_type, to_spark
from cdp_etl.engines.errors import NotTranslatableError
from cdp_etl.engines.rebuild import COMPUTED, REBUILT, spark_select
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings

SETTINGS = replace(MartSettings(), identifier_denylist=("c:GUEST", "c:a\\b'c"))

SPARK_FUNCTIONS = frozenset({
    "abs", "aggregate", "array", "array_append", "array_contains", "array_distinct", "array_sort",
    "arrays_zip", "bool_and", "bool_or", "coalesce", "collect_list", "count", "date_trunc", "datediff", "explode",
    "filter", "floor", "get", "greatest", "inline", "lag", "lead", "length", "log", "make_dt_interval", "map",
    "map_entries", "map_from_entries", "map_keys", "map_values", "max", "max_by", "min", "month", "named_struct",
    "nullif", "replace", "row_number", "sign", "size", "slice", "split", "startswith", "struct", "substring",
    "sum", "transform", "year",
})  # fmt: skip # one list
"""Functions that Spark has and the translation may use. `test_spark_equals_duckdb.py` asks Spark for each."""

_TYPES = frozenset({
    "ARRAY", "BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INT", "MAP", "STRING", "STRUCT", "TIMESTAMP",
    "TINYINT",
})  # fmt: skip # one list
_SYNTAX = frozenset({"cast", "decimal", "try_cast"})
"""What a parenthesis follows too."""


def _selects(mart: Mart) -> Iterator[str]:
    values = {name: SETTINGS.value(name) for name in mart.settings}
    yield spark_select(mart, values)
    for table in mart.intermediate_tables.values():
        yield to_spark(table.full_sql, values)


def _functions(select: str) -> set[str]:
    """Return the names that a parenthesis follows, outside of texts."""
    without_texts = re.sub(r"'(?:[^'\\]|\\.)*'", "''", select)
    return {name.lower() for name in re.findall(r"\b(\w+)\(", without_texts)} - _SYNTAX


@pytest.mark.parametrize("mart", REBUILT, ids=lambda mart: mart.name)
def test_no_function_is_left_that_spark_lacks(mart: Mart) -> None:
    for select in _selects(mart):
        assert _functions(select) <= SPARK_FUNCTIONS


@pytest.mark.parametrize("mart", REBUILT, ids=lambda mart: mart.name)
def test_no_type_is_left_that_spark_lacks(mart: Mart) -> None:
    for select in _selects(mart):
        types = sqlglot.parse_one(select, dialect="spark").find_all(exp.DataType)
        assert {type_.sql("spark").partition("(")[0].partition("<")[0] for type_ in types} <= _TYPES


def test_all_marts_but_the_logs_are_computed() -> None:
    logs = {"customer_identity_change", "segment_daily"}

    assert {mart.name for mart in MARTS} - {mart.name for mart in REBUILT} == logs


def test_each_table_that_python_computes_has_a_function_for_spark() -> None:
    computed = {table.compute for mart in MARTS for table in mart.intermediate_tables.values() if table.compute}

    assert computed == COMPUTED.keys()


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("a / b", "CAST(a AS DOUBLE) / CAST(b AS DOUBLE)"),
        ("sum(a) FILTER (WHERE b)", "SUM((a) * CAST(1 AS DECIMAL(1, 0))) FILTER(WHERE b)"),
        ("a::HUGEINT", "CAST(a AS DECIMAL(38, 0))"),
        ("sign(a)", "CAST(SIGN(a) AS TINYINT)"),
        ("floor(a)", "CASE WHEN ABS(a) < 9007199254740992 THEN CAST(FLOOR(a) AS DOUBLE) ELSE a END"),
        ("date_diff('day', a, b)", "DATEDIFF(b, a)"),
        ("date_diff('month', a, b)", "(YEAR(b) - YEAR(a)) * 12 + MONTH(b) - MONTH(a)"),
        (r"a LIKE '\_%'", r"a LIKE '\\\\_%'"),
        ("a + to_hours(24)", "a + MAKE_DT_INTERVAL(0, CAST(24 AS INT))"),
        ("a + to_minutes(30)", "a + MAKE_DT_INTERVAL(0, 0, CAST(30 AS INT))"),
        ("a[1]", "GET(a, 0)"),
        ("getvariable('days')[1 + a]", "GET(CAST(SPLIT('7,3000000000', ',') AS ARRAY<BIGINT>), (1 + a) - 1)"),
        ("getvariable('weights')['view']", "MAP('view', CAST('-3' AS BIGINT))['view']"),
        ("getvariable('half_life')", "CAST('30.0' AS DOUBLE)"),
        ("getvariable('word')", r"'a\\b\'c'"),
        ("row(1, row(a))", "NAMED_STRUCT('col1', 1, 'col2', NAMED_STRUCT('col1', a))"),
        ("list(a ORDER BY a)", "ARRAY_SORT(COLLECT_LIST(a))"),
        ("list(a ORDER BY a) FILTER (WHERE b)", "ARRAY_SORT(COLLECT_LIST(a) FILTER(WHERE b))"),
        ("len(list_filter(a, LAMBDA b: b > 1))", "SIZE(FILTER(a, b -> b > 1))"),
        ("list_append(a, NULL)", "ARRAY_APPEND(a, CAST(NULL AS STRING))"),
        (
            "list_reduce(a, LAMBDA b, c: b + c)",
            "AGGREGATE(SLICE(a, 2, GREATEST(SIZE(a), 1)), GET(a, 0), (b, c) -> b + c)",
        ),
        (
            "list_sum(a)",
            "AGGREGATE(SLICE(a, 2, GREATEST(SIZE(a), 1)), GET(a, 0), (so_far, term) -> so_far + term)",
        ),
        ("unnest(a) AS b, unnest(c) AS d", "INLINE(ARRAYS_ZIP(a, c)) AS (b, d)"),
    ],
)
def test_a_rule_writes_what_duckdb_computes(duckdb: str, spark: str) -> None:
    settings = {"days": [7, 3_000_000_000], "weights": {"view": -3}, "half_life": 30.0, "word": "a\\b'c"}

    translated = to_spark(f"SELECT {duckdb}", settings)

    assert " ".join(translated.split()).replace("( ", "(").replace(" )", ")") == f"SELECT {spark}"


@pytest.mark.parametrize("type_", ["UBIGINT", "STRUCT(a UBIGINT)", "MAP(VARCHAR, HUGEINT)"])
def test_a_type_that_spark_lacks_becomes_a_decimal(type_: str) -> None:
    assert "DECIMAL(" in spark_type(type_)


@pytest.mark.parametrize(
    "select",
    [
        "SELECT list(a ORDER BY b)",
        "SELECT date_diff('week', a, b)",
        "SELECT a LIKE b",
        "SELECT * REPLACE (1 AS a) FROM b",
    ],
)
def test_what_no_rule_translates_is_an_error(select: str) -> None:
    with pytest.raises(NotTranslatableError, match="No rule translates this"):
        to_spark(select, {})

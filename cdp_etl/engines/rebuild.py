"""Full rebuild of all marts by Spark, from staging in Parquet."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cdp_etl.engines import components
from cdp_etl.engines.dialect import spark_type, to_spark
from cdp_etl.engines.spark import SparkTables
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.connected_components import find_components
from cdp_etl.marts.models.segment_member import find_matching_persons, select_matching_persons
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings


def _find_matching_persons(tables: SparkTables, values: Mapping[str, Any]) -> None:
    tables.bind("matching_person", to_spark(select_matching_persons(values["segments"]), values))


COMPUTED: Final[Mapping[Callable[..., Any], Callable[[SparkTables, Mapping[str, Any]], None]]] = {
    find_components: lambda tables, _: components.find_components(tables),
    find_matching_persons: _find_matching_persons,
}
"""Function for Spark that computes an intermediate table, by the function for DuckDB."""

REBUILT: Final = tuple(mart for mart in MARTS if mart.change_log_of is None)
"""Marts that Spark computes, in dependency order. A log of changes is not computed from the current rows."""


def rebuild_with_spark(
    tables: SparkTables, staging: Mapping[str, Path], settings: MartSettings
) -> Mapping[str, Path]:
    """Compute all marts, and return the folder of the Parquet files of each.

    Args:
        tables: Tables of a session.
        staging: Parquet file or folder of each input from staging, by its name.
        settings: Values that the SELECTs read.
    """
    for name, file in staging.items():
        tables.read(name, file)
    return {mart.name: _compute(tables, mart, settings) for mart in REBUILT}


def _compute(tables: SparkTables, mart: Mart, settings: MartSettings) -> Path:
    values = {name: settings.value(name) for name in mart.settings}
    for name, table in mart.intermediate_tables.items():
        if table.compute:
            COMPUTED[table.compute](tables, values)
        else:
            tables.bind(name, to_spark(table.full_sql, values))
    return tables.store(mart.name, spark_select(mart, values))


def spark_select(mart: Mart, values: Mapping[str, Any]) -> str:
    """Return the SELECT of a mart for Spark, cast to the types of its columns."""
    columns = ", ".join(
        f"CAST(`{column.name}` AS {spark_type(column.type.duckdb)}) AS `{column.name}`"
        for column in mart.select_columns
    )
    return f"SELECT {columns} FROM (\n{to_spark(mart.sql, values)}\n)"

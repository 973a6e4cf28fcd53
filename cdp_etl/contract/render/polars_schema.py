"""A table's columns as a polars schema."""

from collections.abc import Iterable

import polars as pl

from cdp_etl.contract.table import TableColumn


def polars_schema(columns: Iterable[TableColumn]) -> pl.Schema:
    """Give the polars schema of a table."""
    return pl.Schema({column.name: column.type.polars for column in columns})

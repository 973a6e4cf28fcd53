"""Polars schema of a table."""

from collections.abc import Iterable

import polars as pl

from cdp_etl.contract.table import TableColumn


def polars_schema(columns: Iterable[TableColumn]) -> pl.Schema:
    """Return the polars schema of a table."""
    return pl.Schema({column.name: column.type.polars for column in columns})

"""Inputs from staging as Parquet, for another engine than DuckDB."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.marts.engine.input_views import STAGING_INPUTS


def export_staging(connection: duckdb.DuckDBPyConnection, folder: Path) -> Mapping[str, Path]:
    """Write each input that the marts read from staging to a Parquet file, and return the files by input.

    Args:
        connection: Connection to the warehouse.
        folder: Folder of the files; it exists.
    """
    files = {name: folder / f"{name}.parquet" for name in sorted(STAGING_INPUTS)}
    for name, file in files.items():
        connection.execute(f"COPY (FROM staging.{quoted(name)}) TO {literal(str(file))} (FORMAT parquet)")
    return files

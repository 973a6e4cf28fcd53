"""Replacement of the rows of a dump: deletes the rows of its previous load, and inserts the new rows by name.

With insertion by position, swapped columns would be stored unnoticed. With insertion by name, a missing column is
an error, and the transaction is rolled back. Rows of other dumps are only updated, by the table `plan`
(`current_versions.py`).
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, SUPERSEDED_COLUMNS, TableColumn, lake_columns
from cdp_etl.warehouse.load.current_versions import accepted_records, is_new_row_current
from cdp_etl.warehouse.load.event_types import event_type, typed_words
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.schema.ops_tables import DUMP_FILE
from cdp_etl.warehouse.sql import single_value


def update_others(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> int:
    """Update rows of other dumps as the table `plan` says; return the number of updated rows."""
    updated: int = single_value(
        connection,
        f"""
        UPDATE {delivery.table} AS version
        SET is_current = plan.becomes_current, current_custom_fields = plan.custom_fields_after
        FROM plan
        WHERE version.rowid = plan.row_id
        """,
    )
    return updated


def replace_accepted(
    connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, machine_flags: Sequence[str]
) -> None:
    """Replace the accepted records of the dump.

    Args:
        connection: Connection in the transaction of the load.
        delivery: The dump.
        machine_flags: Names of extra fields that mark an open or a click as that of a machine.
    """
    connection.execute(f"DELETE FROM {delivery.table} WHERE dump_date = ?", [delivery.dump.dump_date])
    columns = ", ".join(f"version.{quoted(column.name)}" for column in lake_columns(delivery.entity))
    typed = ""
    if delivery.entity.has_events:
        columns += f", {event_type('typed', 'version', machine_flags)} AS event_type"
        typed = f"LEFT JOIN {typed_words(accepted_records(delivery))} AS typed USING (service_provider, event)"
    connection.execute(
        f"""
        INSERT INTO {delivery.table} BY NAME
        SELECT
          {columns},
          {is_new_row_current(delivery)} AS is_current,
          CASE WHEN {is_new_row_current(delivery)} THEN merged.current_custom_fields END AS current_custom_fields
        FROM {accepted_records(delivery)} AS version
        LEFT JOIN newest_other USING (key_hash, record_key)
        LEFT JOIN merged USING (key_hash, record_key)
        {typed}
        """
    )


def replace_quarantined_and_superseded(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Replace the quarantined and the superseded records of the dump."""
    _replace(connection, delivery, "quarantine", QUARANTINE_COLUMNS, delivery.dump.quarantined_files)
    _replace(connection, delivery, "superseded", SUPERSEDED_COLUMNS, delivery.dump.superseded_files)


def replace_files(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Replace the list of files of the dump."""
    connection.execute(
        "DELETE FROM ops.dump_file WHERE entity = ? AND dump_date = ?",
        [delivery.entity.table, delivery.dump.dump_date],
    )
    rows = [
        (
            delivery.entity.table,
            delivery.dump.dump_date,
            file.path,
            file.bytes,
            file.sha256,
            file.modified_at,
            file.pulled_at,
        )
        for file in delivery.files
    ]
    connection.register("new_dump_file", pl.DataFrame(rows, polars_schema(DUMP_FILE.columns), orient="row"))
    connection.execute("INSERT INTO ops.dump_file BY NAME FROM new_dump_file")
    connection.unregister("new_dump_file")


def _replace(
    connection: duckdb.DuckDBPyConnection,
    delivery: DumpDelivery,
    table: str,
    columns: Sequence[TableColumn],
    files: Sequence[Path],
) -> None:
    connection.execute(
        f"DELETE FROM staging.{table} WHERE entity = ? AND dump_date = ?",
        [delivery.entity.table, delivery.dump.dump_date],
    )
    if not files:
        return
    names = ", ".join(
        f"{literal(delivery.entity.table)} AS entity" if column.name == "entity" else quoted(column.name)
        for column in columns
    )
    paths = ", ".join(literal(str(path)) for path in files)
    connection.execute(f"INSERT INTO staging.{table} BY NAME SELECT {names} FROM read_parquet([{paths}])")

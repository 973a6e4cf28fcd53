"""Merge of the custom fields of all versions of a key, if they differ from those of the newest version.

They can differ only if the newest version is Active, lists names to ignore (`ignoredUpdateCfs`), and is not the
first version. Only such keys are merged, in Python and in chunks. docs/records.md states the rule.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
import polars as pl

from cdp_etl.contract import strict_json
from cdp_etl.contract.custom_field_merge import CustomFieldVersion, merge_versions
from cdp_etl.warehouse.load.current_versions import IGNORED, accepted_records
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.schema.staging_tables import NO_CUSTOM_FIELDS, delivered_custom_fields
from cdp_etl.warehouse.sql import single_value

KEYS_PER_CHUNK = 20_000
"""Keys merged at a time; bounds the memory that Python uses."""

_MERGED_SCHEMA = {"key_hash": pl.UInt64, "record_key": pl.String, "current_custom_fields": pl.String}


def merge_custom_fields(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Create the table `merged`: custom fields of keys whose merge differs from their newest version."""
    connection.execute(
        "CREATE TEMP TABLE merged (key_hash UBIGINT, record_key VARCHAR, current_custom_fields VARCHAR)"
    )
    if not delivery.entity.supports_ignored_update_cfs:
        return
    _find_versions_to_merge(connection, delivery)
    chunks = single_value(connection, "SELECT coalesce(max(chunk) + 1, 0) FROM version_to_merge")
    for chunk in range(chunks):
        rows = connection.execute(
            "SELECT key_hash, record_key, delivered_custom_fields, ignored, is_deleted FROM version_to_merge"
            " WHERE chunk = ? ORDER BY key_hash, record_key, dump_date",
            [chunk],
        ).fetchall()
        merged = pl.DataFrame(list(_merge(rows)), schema=_MERGED_SCHEMA, orient="row")
        connection.register("merged_chunk", merged)
        connection.execute("INSERT INTO merged BY NAME FROM merged_chunk")
        connection.unregister("merged_chunk")


def _find_versions_to_merge(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    connection.execute(
        f"""
        CREATE TEMP TABLE version_to_merge AS
        WITH version AS (
          SELECT key_hash, record_key, dump_date, delivered_custom_fields, ignored, is_deleted FROM other
          UNION ALL
          SELECT
            key_hash,
            record_key,
            dump_date,
            {delivered_custom_fields()},
            {IGNORED},
            record_status IS NOT DISTINCT FROM 'Deleted'
          FROM {accepted_records(delivery)}
          SEMI JOIN newest_other USING (key_hash, record_key)
        ), to_merge AS (
          SELECT key_hash, record_key, (row_number() OVER () - 1) // {KEYS_PER_CHUNK} AS chunk
          FROM version
          GROUP BY key_hash, record_key
          HAVING count(*) > 1 AND arg_max(NOT is_deleted AND len(ignored) > 0, dump_date)
        )
        SELECT version.*, chunk FROM version JOIN to_merge USING (key_hash, record_key)
        """
    )


def _merge(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, str, str]]:
    for (key_hash, record_key), versions in groupby(rows, key=itemgetter(0, 1)):
        history = [
            CustomFieldVersion(custom_fields, frozenset(ignored), is_deleted)
            for _, _, custom_fields, ignored, is_deleted in versions
        ]
        merged = merge_versions(history).custom_fields
        if _value(merged) != _value(history[-1].custom_fields):
            yield key_hash, record_key, merged or NO_CUSTOM_FIELDS


def _value(custom_fields: str | None) -> Any:
    return strict_json.parse(custom_fields or NO_CUSTOM_FIELDS)

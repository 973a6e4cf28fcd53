"""The custom fields that count, over all versions of a key (RULINGS 3), where they are not simply the newest's.

It matters only where the newest version of a key is Active, lists names to ignore, and is not the first; only
these keys are folded, in Python, some thousand at a time.
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
from cdp_etl.warehouse.load.protocols import Delivery
from cdp_etl.warehouse.schema.staging_tables import NO_CUSTOM_FIELDS, delivered_custom_fields
from cdp_etl.warehouse.sql import single_value

KEYS_AT_ONCE = 20_000
"""Bounds the memory that Python takes."""

_FOLDED_SCHEMA = {"key_hash": pl.UInt64, "record_key": pl.String, "current_custom_fields": pl.String}


def fold_custom_fields(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Make the table `folded`: the custom fields of a key that differ from its newest version's."""
    connection.execute(
        "CREATE TEMP TABLE folded (key_hash UBIGINT, record_key VARCHAR, current_custom_fields VARCHAR)"
    )
    if not delivery.entity.supports_ignored_update_cfs:
        return
    _find_versions_to_fold(connection, delivery)
    slices = single_value(connection, "SELECT coalesce(max(slice) + 1, 0) FROM version_to_fold")
    for slice_number in range(slices):
        rows = connection.execute(
            "SELECT key_hash, record_key, delivered_custom_fields, ignored, is_deleted FROM version_to_fold"
            " WHERE slice = ? ORDER BY key_hash, record_key, dump_date",
            [slice_number],
        ).fetchall()
        folded = pl.DataFrame(list(_folded(rows)), schema=_FOLDED_SCHEMA, orient="row")
        connection.register("folded_now", folded)
        connection.execute("INSERT INTO folded BY NAME FROM folded_now")
        connection.unregister("folded_now")


def _find_versions_to_fold(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    connection.execute(
        f"""
        CREATE TEMP TABLE version_to_fold AS
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
        ), to_fold AS (
          SELECT key_hash, record_key, (row_number() OVER () - 1) // {KEYS_AT_ONCE} AS slice
          FROM version
          GROUP BY key_hash, record_key
          HAVING count(*) > 1 AND arg_max(NOT is_deleted AND len(ignored) > 0, dump_date)
        )
        SELECT version.*, slice FROM version JOIN to_fold USING (key_hash, record_key)
        """
    )


def _folded(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, str, str]]:
    for (key_hash, record_key), versions in groupby(rows, key=itemgetter(0, 1)):
        history = [
            CustomFieldVersion(custom_fields, frozenset(ignored), is_deleted)
            for _, _, custom_fields, ignored, is_deleted in versions
        ]
        counts = merge_versions(history).custom_fields
        if _value(counts) != _value(history[-1].custom_fields):
            yield key_hash, record_key, counts or NO_CUSTOM_FIELDS


def _value(custom_fields: str | None) -> Any:
    return strict_json.parse(custom_fields or NO_CUSTOM_FIELDS)

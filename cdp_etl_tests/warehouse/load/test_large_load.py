"""A load of more rows than DuckDB's row group (122,880) by two threads: what it inserts is read before the commit.

DuckDB 2.0.0 fails here: after an INSERT of no row and one of many rows into the same table, in one transaction, it
finds none of the rows until the file is opened again.
"""

from dataclasses import replace

import polars as pl

from cdp_etl.warehouse import Warehouse
from cdp_etl_tests.warehouse.loading import comment, load, rows, write_lake

RECORDS = 150_000


def test_a_first_load_of_150_000_records_changes_150_000_keys(warehouse: Warehouse) -> None:
    dump = write_lake(warehouse.path.parent / "lake", 1, [comment("1")])
    (path,) = dump.accepted_files
    numbered = pl.read_parquet(path).join(pl.DataFrame({"number": range(RECORDS)}), how="cross")
    numbered.with_columns(
        pl.format("||{}", "number").alias("record_key"), pl.col("number").cast(pl.UInt64).alias("key_hash")
    ).drop("number").write_parquet(path)

    result = load(replace(warehouse, threads=2), replace(dump, records_read=RECORDS, accepted=RECORDS))

    assert (result.accepted, result.changed_keys) == (RECORDS, RECORDS)
    assert rows(warehouse, "SELECT changed_keys FROM ops.load") == [(RECORDS,)]
    assert rows(warehouse, "SELECT count(DISTINCT record_key) FROM ops.change_feed") == [(RECORDS,)]

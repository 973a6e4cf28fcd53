"""Tests of `cdp_etl.normalize.readers.parquet`."""

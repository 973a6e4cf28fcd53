"""Tests of `cdp_etl.warehouse.schema`."""

"""Tests of `cdp_etl.warehouse.maintenance`."""

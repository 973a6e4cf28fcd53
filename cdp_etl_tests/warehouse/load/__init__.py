"""Tests of `cdp_etl.warehouse.load`."""

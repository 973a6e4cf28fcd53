"""Tests of `cdp_etl.normalize.lake`."""

"""Tests of `cdp_etl.normalize.dedup`."""

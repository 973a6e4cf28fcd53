"""Tests of `cdp_etl.sample`."""

"""Tests of `cdp_etl.marts.snapshot`."""

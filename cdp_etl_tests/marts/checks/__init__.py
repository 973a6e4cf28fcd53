"""Tests of `cdp_etl.marts.checks`."""

"""Tests of `cdp_etl.cli`."""

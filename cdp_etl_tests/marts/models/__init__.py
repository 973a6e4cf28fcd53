"""Tests of `cdp_etl.marts.models`."""

"""Tests of `cdp_etl.marts.engine`."""

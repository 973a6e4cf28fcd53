"""Tests of `cdp_etl.marts.docs`."""

"""Tests of `cdp_etl.marts.full_check`."""

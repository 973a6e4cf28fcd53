"""Tests of `cdp_etl.contract`."""

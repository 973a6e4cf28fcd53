"""Tests of `cdp_etl.settings`."""

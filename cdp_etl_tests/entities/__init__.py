"""Tests of `cdp_etl.entities`."""

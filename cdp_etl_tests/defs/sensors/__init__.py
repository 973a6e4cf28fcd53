"""Tests of `cdp_etl.defs.sensors`."""

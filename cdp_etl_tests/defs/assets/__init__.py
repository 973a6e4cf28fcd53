"""Tests of `cdp_etl.defs.assets`."""

"""Tests of `cdp_etl.normalize.quarantine`."""

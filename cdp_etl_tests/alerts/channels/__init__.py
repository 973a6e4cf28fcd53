"""Tests of `cdp_etl.alerts.channels`."""

"""Tests of `cdp_etl.alerts.findings`."""

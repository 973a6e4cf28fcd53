"""Tests of `cdp_etl.report.data`."""

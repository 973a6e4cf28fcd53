"""Tests of `cdp_etl.report.render`."""

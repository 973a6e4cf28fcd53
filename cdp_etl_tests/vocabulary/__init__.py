"""Tests of `cdp_etl.vocabulary`."""

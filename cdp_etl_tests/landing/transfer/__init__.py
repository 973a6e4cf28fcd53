"""Tests of `cdp_etl.landing.transfer`."""

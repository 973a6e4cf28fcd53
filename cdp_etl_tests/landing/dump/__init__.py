"""Tests of `cdp_etl.landing.dump`."""

"""Tests of `cdp_etl.landing.zones`."""

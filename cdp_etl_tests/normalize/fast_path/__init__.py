"""Tests of `cdp_etl.normalize.fast_path`."""

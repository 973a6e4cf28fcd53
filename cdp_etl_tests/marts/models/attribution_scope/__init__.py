"""Tests of `cdp_etl.marts.models.attribution_scope`."""

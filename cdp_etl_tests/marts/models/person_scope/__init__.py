"""Tests of `cdp_etl.marts.models.person_scope`."""

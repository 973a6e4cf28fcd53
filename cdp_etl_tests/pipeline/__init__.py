"""Tests of `cdp_etl.pipeline`, without Dagster."""

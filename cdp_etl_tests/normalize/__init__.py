"""Tests of `cdp_etl.normalize`: which records of each format are accepted, superseded or quarantined."""

"""Tests of the daily report, over warehouses filled through real loads and marts."""

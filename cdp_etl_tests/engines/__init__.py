"""Tests of the engines: the marts by Spark are the marts by DuckDB."""

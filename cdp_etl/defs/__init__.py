"""The pipeline as Dagster sees it: assets, checks, jobs, schedule and sensor over the plain stages.

The only package that imports Dagster. No parsing, no SQL and no rule of the contract stands here: a stage works
without Dagster, and an asset calls it.
"""

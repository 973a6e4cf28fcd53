"""Dagster definitions: assets, checks, jobs, schedules and sensors.

Belongs here: everything that imports Dagster.
Does not belong here: parsing, SQL, rules of the contract, sequences of stages (`cdp_etl.pipeline`).
"""

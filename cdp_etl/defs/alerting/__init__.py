"""Findings that only Dagster knows: failed runs and failed checks.

Belongs here: reading Dagster's event log for alerts.
Does not belong here: alert channels and deduplication (`cdp_etl.alerts`).
"""

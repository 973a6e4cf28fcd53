"""Findings: facts worth a person's attention.

Belongs here: the finding type, and the rules that derive findings from the ledger and the marts.
Does not belong here: findings that only Dagster knows (`cdp_etl.defs.alerting`), and their delivery.
"""

"""Checks of marts: definitions and execution.

Belongs here: what must be true of a mart's rows.
Does not belong here: Dagster's view of a check (`cdp_etl.defs.checks`).
"""

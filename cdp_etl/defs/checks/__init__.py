"""Asset checks of loads and marts, freshness included.

Belongs here: check specs and their evaluation results.
Does not belong here: the rules themselves (`cdp_etl.warehouse`, `cdp_etl.marts.checks`).
"""

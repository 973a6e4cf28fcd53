"""Full check of the marts: all rows, and a comparison with a rebuild by a fresh process.

Belongs here: what `cdp-etl check --full` and the weekly job `check_full` do to the marts.
Does not belong here: a single check (`cdp_etl.marts.checks`).
"""

"""Incremental refresh of a mart: scope, inputs, apply, state.

Belongs here: code that serves every mart.
Does not belong here: any single mart; this package never imports `cdp_etl.marts.models`.
"""

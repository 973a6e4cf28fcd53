"""Quarantined records: reading and export.

Belongs here: readers of quarantined records in the lake.
Does not belong here: the decision to quarantine.
"""

"""Findings: facts worth a person's attention.

Belongs here: the finding type, and the rules that derive findings from the ledger and the marts.
Does not belong here: sending, and memory of what was sent.
"""

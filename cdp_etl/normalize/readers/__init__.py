"""Readers: from bytes of a file to batches of records.

Belongs here: one package per format, and what the formats share.
Does not belong here: validation of values.
"""

"""JSON reader: NDJSON, arrays and API payloads.

Belongs here: finding, splitting and reading of JSON records.
Does not belong here: other formats.
"""

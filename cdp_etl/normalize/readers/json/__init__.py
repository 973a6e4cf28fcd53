"""JSON reader: NDJSON, arrays and API payloads.

Belongs here: finding the records of a JSON file, and their columns.
Does not belong here: other formats.
"""

"""Types for declaring entities and fields, and everything derived from a declaration.

Belongs here: field and entity types, value parsers, table columns, schemas and documents (`render/`).
Does not belong here: the entities themselves (`cdp_etl.entities`), I/O, Dagster.
"""

"""Documents derived from the marts: dictionary pages, data contracts, column lineage.

Belongs here: rendering of the declarations and SQL of the marts.
Does not belong here: declarations (`cdp_etl.marts.models`), and how Dagster shows lineage (`cdp_etl.defs`).
"""

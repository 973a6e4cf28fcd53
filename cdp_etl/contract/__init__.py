"""How a field and an entity are declared, and what is derived from a declaration.

One small module a target; no I/O and no Dagster. What the six entities *are* stands in `cdp_etl.entities`.
"""

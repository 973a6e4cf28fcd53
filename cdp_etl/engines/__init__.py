"""Computation of the marts by another engine than DuckDB: Apache Spark.

The SELECTs of the marts stay the only definition. This package translates and runs them.

Belongs here: translation, Spark sessions, and what Spark needs instead of a DuckDB function.
Does not belong here: SQL of a mart (`cdp_etl.marts.models`), and storage of the rows (`cdp_etl.marts.engine`).
"""

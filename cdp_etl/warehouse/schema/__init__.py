"""Schemas of the warehouse: tables, migrations, business time zone.

Belongs here: DDL and migrations.
Does not belong here: rows of a load.
"""

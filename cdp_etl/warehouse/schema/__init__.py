"""Schemas of the warehouse: tables, migrations, business time zone.

Belongs here: table declarations, migrations, the stored business time zone.
Does not belong here: the rows of a load (`load/`).
"""

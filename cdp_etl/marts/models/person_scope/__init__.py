"""Refresh scope of the marts that sum up days by person: the rows to recompute after a load.

Belongs here: one `.sql` file for each intermediate table of that scope, and `scope.py`, which puts them together.
Does not belong here: intermediate tables that only one mart has.
"""

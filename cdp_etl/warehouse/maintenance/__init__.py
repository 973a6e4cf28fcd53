"""Maintenance of the warehouse file: backup, compaction, full check.

Belongs here: operations on the whole file.
Does not belong here: loads (`load/`), schema migrations (`schema/`).
"""

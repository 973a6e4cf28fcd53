"""The published snapshot of the marts.

Belongs here: files and views that readers open.
Does not belong here: the marts' own tables.
"""

"""Documents derived from the marts: pages, data contract, column lineage.

Belongs here: rendering of what the marts declare.
Does not belong here: declarations.
"""

"""What makes a listing of files one complete dump.

Belongs here: dump grammar: paths, manifests, completeness, delivery calendar.
Does not belong here: connections and transfers.
"""

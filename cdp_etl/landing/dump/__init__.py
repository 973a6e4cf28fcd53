"""Structure of a dump: from a listing of files to one complete dump.

Belongs here: the dump's listing, manifest, checksums, completeness and duplicate files.
Does not belong here: connections, names of files in a zone, transfers.
"""

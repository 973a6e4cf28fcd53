"""CSV reader.

Belongs here: rows and cells of CSV text.
Does not belong here: other formats.
"""

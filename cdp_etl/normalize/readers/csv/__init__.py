"""CSV reader.

Belongs here: splitting and reading of CSV text.
Does not belong here: other formats.
"""

"""Fast path: validation of whole columns, for records that are simple and valid.

Belongs here: validation by polars, which tests compare with the reference path, and tools for its columns.
Does not belong here: rules that the reference path does not have.
"""

"""Fast path: columnar validation of records that are plainly valid.

Belongs here: polars expressions held equal to the reference path by tests.
Does not belong here: rules that the reference path does not have.
"""

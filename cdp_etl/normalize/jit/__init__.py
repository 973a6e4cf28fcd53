"""Compiled functions that read JSON text; README.md says why their use of raw addresses is safe.

Belongs here: functions that numba compiles, and what they need. They know numbers and addresses only.
Does not belong here: strings, polars, rules of a field other than its type.
"""

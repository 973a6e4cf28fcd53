"""The lake: Parquet output of normalization, one folder per dump and fingerprint.

Belongs here: layout, results, history and retention of lake folders.
Does not belong here: decoding and validation.
"""

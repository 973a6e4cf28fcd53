"""Data of the daily report, queried from the warehouse.

Belongs here: queries and their results as typed values.
Does not belong here: rendering.
"""

"""Declarations of the marts.

Belongs here: `<mart>.sql` and, if the mart declares more than its SELECT, `<mart>.py`.
Does not belong here: code that serves several marts without being declared by one.
"""

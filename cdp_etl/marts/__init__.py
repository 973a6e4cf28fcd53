"""Marts: tables for readers, each a pure SELECT over staging and other marts, and a published snapshot of them.

Belongs here: what reads staging and writes the schemas `marts` and `mart_storage`.
Does not belong here: staging itself (`cdp_etl.warehouse`).
"""

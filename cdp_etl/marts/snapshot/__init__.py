"""Published snapshot of the marts.

Belongs here: files and views that readers open.
Does not belong here: the tables that store the marts (`cdp_etl.marts.engine`).
"""

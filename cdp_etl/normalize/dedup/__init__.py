"""Resolution of duplicate keys within one dump: the last delivered version wins.

Belongs here: key spill and version resolution.
Does not belong here: versions across dumps (`cdp_etl.warehouse.load`).
"""

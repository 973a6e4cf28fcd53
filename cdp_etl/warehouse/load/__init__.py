"""Load of one dump into staging, in one transaction.

Belongs here: staging rows, current versions, ledger and change feed of a load; its invariants.
Does not belong here: table declarations and migrations (`schema/`); work on the whole file (`maintenance/`).
"""

"""Load of one dump into staging, in one transaction.

Belongs here: staging rows, versions, ledger and change feed of a load.
Does not belong here: schema migrations, maintenance.
"""

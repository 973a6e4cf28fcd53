"""Documents and schemas derived from the contract.

Belongs here: one module per target format.
Does not belong here: declarations of fields and entities.
"""

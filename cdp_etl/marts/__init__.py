"""What readers are given: tables that follow the change feed, each a pure SELECT, and a snapshot of them.

Put here what reads staging and writes the schema `marts`. What staging holds stands in `cdp_etl.warehouse`.
"""

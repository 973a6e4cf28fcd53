"""Pipeline without Dagster: detect, pull, normalize, load, find unapplied loads, prune.

Belongs here: sequences of stages that the command line and Dagster share.
Does not belong here: the stages themselves, imports of Dagster or of `cdp_etl.defs`.
"""

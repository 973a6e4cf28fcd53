"""The steps of a dump, without Dagster: detect, pull, normalize, load, prune.

Belongs here: orchestration of stages that the CLI and Dagster share.
Does not belong here: anything that imports Dagster.
"""

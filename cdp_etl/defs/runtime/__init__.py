"""Adapters to the Dagster instance: its home folder, loggers, daemon health and run launcher.

Belongs here: code that depends on Dagster's internals or configuration.
Does not belong here: assets, checks, jobs.
"""

"""Sensors of the pipeline.

Belongs here: one module per sensor.
Does not belong here: schedules (`schedules.py`) and the scan of a landing zone (`cdp_etl.pipeline`).
"""

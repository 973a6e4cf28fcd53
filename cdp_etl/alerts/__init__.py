"""Alerts: findings, what was sent about them, and the channels that carry the messages.

Belongs here: what is a finding, the text of a message, deduplication, delivery.
Does not belong here: when findings are evaluated (`cdp_etl.defs.sensors.alerts`), and what to do about each kind
(docs/operations.md).
"""

"""Alert channels: the ways a message reaches a person.

Belongs here: one module per kind of channel, and the protocol they implement.
Does not belong here: findings, and when they are sent.
"""

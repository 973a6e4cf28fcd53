"""Alert channels: the transports that carry a message to people.

Belongs here: one module for each kind of channel, and the protocol that they implement.
Does not belong here: findings, and when they are sent.
"""

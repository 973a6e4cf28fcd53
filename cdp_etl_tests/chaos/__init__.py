"""Chaos campaign: disturbed commands, and what becomes of the data."""

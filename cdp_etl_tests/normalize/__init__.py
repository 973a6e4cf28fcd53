"""Normalizing, as a specification: what is read, kept and refused, for every format."""

"""The specification of the sample generator."""

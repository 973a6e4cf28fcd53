"""Errors of the sample generator."""

from cdp_etl.errors import UsageError


class SampleError(UsageError):
    """The dumps cannot be generated: an argument is wrong, or a folder contains other files."""

"""What the sample generator refuses to do."""

from cdp_etl.errors import CdpEtlError


class SampleError(CdpEtlError):
    """The dumps asked for cannot be made: wrong arguments, or a folder that holds something else."""

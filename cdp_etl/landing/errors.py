"""Errors of landing. Each class says what the caller can do: fix a setting, wait, ask the partner, or retry.

A message names the zone, the file and the fault. It never contains a credential or a record.
"""

from cdp_etl.errors import CdpEtlError, UsageError


class LandingError(CdpEtlError):
    """A dump could not be pulled."""


class DumpRefusedError(LandingError):
    """The delivery is faulty. The same delivery will be refused again."""


class FilesMissingError(DumpRefusedError):
    """The zone offers fewer files than the previous pull contains; `offered` is their number."""

    def __init__(self, sentence: str, offered: int) -> None:
        super().__init__(sentence)
        self.offered = offered


class DumpNotCompleteError(LandingError):
    """The partner is still delivering the dump. Nothing was pulled; a later attempt may succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not complete yet: {reason}")


class ZoneUnreachableError(LandingError):
    """The zone does not answer, or the connection broke: a transient fault."""


class ZoneConfigError(LandingError, UsageError):
    """The zone's address, credentials or permissions are wrong: a retry does not help."""

"""What can go wrong between a partner's server and the raw archive.

Each class tells the caller what to do: mend a setting, wait, ask the partner, or try again. A message names
the zone, file and fact at fault; it never holds a credential or a record.
"""

from cdp_etl.errors import CdpEtlError


class LandingError(CdpEtlError):
    """A dump could not be taken over."""


class DumpRefusedError(LandingError):
    """What was delivered is at fault; the same delivery will be refused again."""


class FilesMissingError(DumpRefusedError):
    """Fewer files are offered than were pulled before; `offered` says how many."""

    def __init__(self, sentence: str, offered: int) -> None:
        super().__init__(sentence)
        self.offered = offered


class DumpNotCompleteError(LandingError):
    """The dump is still being delivered; nothing was taken, and a later attempt may find it whole."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not complete yet: {why}")


class ZoneUnreachableError(LandingError):
    """The zone does not answer, or the connection broke: a fault that may pass by itself."""


class ZoneConfigError(LandingError):
    """The zone's address, credentials or rights are wrong: trying again does not help."""

"""Limits on what a zone may send: a faulty or hostile server must not stall or exhaust the pipeline."""

from dataclasses import dataclass

from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.zones.path_safety import printable


@dataclass(frozen=True)
class ZoneLimits:
    """Limits on the answers of a zone.

    Attributes:
        entries: Files and folders of one listing.
        depth: Levels of subfolders in a listed folder.
        files: Data files of one dump.
        connect_seconds: Time to connect and to log in.
        stall_seconds: Time in which a server must answer a request, or send the next bytes.
    """

    entries: int = 100_000
    depth: int = 20
    files: int = 10_000
    connect_seconds: float = 15
    stall_seconds: float = 60


class ListingGuard:
    """Counts the entries of one listing."""

    def __init__(self, folder: str, limits: ZoneLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._entries = 0
        self._start = len(folder) + 1 if folder else 0

    def add(self, path: str) -> None:
        """Count a file or folder of the listing.

        Raises:
            DumpRefusedError: If the listing has too many entries, or the entry is in too many subfolders.
        """
        self._entries += 1
        if self._entries > self._limits.entries:
            fact = f"more than {self._limits.entries} files and folders (CDP_ETL_MAX_LISTING_ENTRIES)"
            raise DumpRefusedError(f"{self._place}: {fact}")
        if path.count("/", self._start) > self._limits.depth:
            fact = f"more than {self._limits.depth} levels of subfolders (CDP_ETL_MAX_LISTING_DEPTH)"
            raise DumpRefusedError(f"{self._place}: {fact}")

    @property
    def _place(self) -> str:
        return printable(self._folder) or "the landing zone"

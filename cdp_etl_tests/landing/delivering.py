"""A partner who delivers files: one face for every kind of server, for the tests."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from cdp_etl.landing import Zone, open_zone
from cdp_etl.landing.templates import DEFAULT_TEMPLATE

ENTITY = "customer-product-review"
DAY = date(2026, 3, 1)
FOLDER = f"{ENTITY}/2026-03-01"
LONG_AGO = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)


class Partner(Protocol):
    """Puts files on a server that a zone then reads; paths are relative to the zone's prefix."""

    def put(self, path: str, content: bytes) -> None:
        """Deliver a file, replacing one of the same path."""
        ...

    def remove(self, path: str) -> None:
        """Take a file away again."""
        ...

    def zone(self, template: str = DEFAULT_TEMPLATE) -> Zone:
        """Give the zone as an operator would configure it."""
        ...


@dataclass(frozen=True)
class FolderPartner:
    """Delivers into a folder; files look as if they had been there for long."""

    root: Path
    location: str | None = None

    def put(self, path: str, content: bytes) -> None:
        """Deliver a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        target.write_bytes(content)
        if not existed:
            os.utime(target, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))

    def remove(self, path: str) -> None:
        """Take a file away again."""
        (self.root / path).unlink()

    def zone(self, template: str = DEFAULT_TEMPLATE) -> Zone:
        """Give the folder as a zone."""
        return open_zone(self.location or self.root, template=template)

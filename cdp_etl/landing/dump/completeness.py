"""Completeness of a dump: a manifest, a marker, or files that no longer change.

Times come from the server's clock, which may be wrong (decision 0011).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from cdp_etl.landing.dump.listing import Listing, nfc
from cdp_etl.landing.errors import DumpNotCompleteError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.zones.path_safety import printable

_CLOCK_TOLERANCE = timedelta(hours=1)
"""Largest error of a server's clock at which a new file is never taken for an old one."""


def readiness_signal(listing: Listing) -> ReadyBy | None:
    """Return the partner's signal that the dump is complete, or None. A manifest has priority over a marker."""
    if listing.manifest is not None:
        return "manifest"
    return "marker" if listing.marker is not None else None


def is_stable_by_age(listing: Listing, stability_seconds: float, now: datetime) -> bool:
    """Return whether the newest file is so old that a second listing is unnecessary."""
    if stability_seconds == 0 or listing.newest_at is None:
        return True
    return now - listing.newest_at >= timedelta(seconds=stability_seconds) + _CLOCK_TOLERANCE


def require_no_orphan_checksum(listing: Listing) -> None:
    """Check that each `.sha256` and `.md5` file comes with its data file.

    Raises:
        DumpNotCompleteError: If a data file is missing.
    """
    data_paths = {nfc(file.path) for file in listing.data_files}
    for path, checksum in (*listing.checksums.items(), *listing.md5s.items()):
        if path not in data_paths:
            raise DumpNotCompleteError(f"{printable(checksum.path)} is present and {printable(path)} is missing")


async def wait_until_ready(
    listing: Listing, list_again: Callable[[], Awaitable[Listing]], stability_seconds: float, now: datetime
) -> ReadyBy:
    """Return the evidence that the dump is complete.

    If the partner gave no signal, wait `stability_seconds` and compare a second listing with the first.

    Raises:
        DumpNotCompleteError: If a data file is missing, or the listing changed while waiting.
    """
    require_no_orphan_checksum(listing)
    signal = readiness_signal(listing)
    if signal is not None:
        return signal
    if not is_stable_by_age(listing, stability_seconds, now):
        await asyncio.sleep(stability_seconds)
        require_unchanged_listing(listing, await list_again(), f"within {stability_seconds:g} s")
    return "settled"


def require_unchanged_listing(before: Listing, after: Listing, when: str) -> None:
    """Compare two listings of one dump.

    Raises:
        DumpNotCompleteError: If a file was added, removed or changed.
    """
    if before.fingerprint == after.fingerprint:
        return
    old = {file.path: file.remote for file in before.files}
    new = {file.path: file.remote for file in after.files}
    changed = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    raise DumpNotCompleteError(f"{printable(changed[0])}{others} changed {when}")

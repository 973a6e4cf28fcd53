"""Whether a dump is wholly delivered: by its manifest, by its marker, or because nothing moves any more.

Put here the judgement alone. Sizes and times come from listings; which clock they are of is never trusted far.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from cdp_etl.landing.dump.listing import Listing
from cdp_etl.landing.errors import DumpNotCompleteError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.zones.path_safety import shown

# A server's clock may be wrong by this much before a fresh file could be taken for an old one.
_CLOCK_TOLERANCE = timedelta(hours=1)


def signal(listing: Listing) -> ReadyBy | None:
    """Say which sign of completeness the sender has given, if any (issue 3: manifest before marker)."""
    if listing.manifest is not None:
        return "manifest"
    return "marker" if listing.marker is not None else None


def is_long_still(listing: Listing, stability_seconds: float, now: datetime) -> bool:
    """Say whether the newest file is so old that no second look is needed."""
    if stability_seconds == 0 or listing.newest_at is None:
        return True
    return now - listing.newest_at >= timedelta(seconds=stability_seconds) + _CLOCK_TOLERANCE


def require_no_lone_checksum(listing: Listing) -> None:
    """Refuse a dump in which a `.sha256` has come before its file.

    Raises:
        DumpNotCompleteError: naming the file that is awaited.
    """
    there = {offered.path for offered in listing.data}
    for path, checksum in listing.checksums.items():
        if path not in there:
            raise DumpNotCompleteError(f"{shown(checksum.path)} is there and {shown(path)} is not")


async def require_ready(
    listing: Listing, look_again: Callable[[], Awaitable[Listing]], stability_seconds: float, now: datetime
) -> ReadyBy:
    """Say by which sign the dump is ready, waiting `stability_seconds` between two looks where there is none.

    Raises:
        DumpNotCompleteError: the listing changed between the two looks.
    """
    require_no_lone_checksum(listing)
    given = signal(listing)
    if given is not None:
        return given
    if not is_long_still(listing, stability_seconds, now):
        await asyncio.sleep(stability_seconds)
        require_same(listing, await look_again(), f"within {stability_seconds:g} s")
    return "settled"


def require_same(before: Listing, after: Listing, when: str) -> None:
    """Compare two looks at one dump.

    Raises:
        DumpNotCompleteError: naming a file that came, went or changed.
    """
    if before.fingerprint == after.fingerprint:
        return
    old = {offered.path: offered.remote for offered in before.offered}
    new = {offered.path: offered.remote for offered in after.offered}
    moved = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    others = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    raise DumpNotCompleteError(f"{shown(moved[0])}{others} changed {when}")

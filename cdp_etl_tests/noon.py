"""A time zone in which it is noon, so that no midnight falls into a test that depends on the current date."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def zone_at_noon() -> tuple[str, datetime]:
    """Return the name of the time zone and its time."""
    now = datetime.now(UTC)
    zone = f"Etc/GMT{now.hour - 12:+d}"
    return zone, now.astimezone(ZoneInfo(zone))

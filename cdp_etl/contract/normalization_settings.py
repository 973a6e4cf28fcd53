"""The settings that bear on what a record becomes, and the version of the rules themselves.

Put here values that change an outcome: they are part of a load's fingerprint. Do not put here settings of
speed, place or taste.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

RULES_VERSION = 2
"""Raised by any change after which the same bytes may become something else."""

MIN_TIMESTAMP = datetime(2000, 1, 1, tzinfo=UTC)
"""No event is older (house rule): what seems to be is a number in another unit."""

LATEST_AFTER_DUMP = timedelta(days=2)
"""How many days after the dump date an event may bear (house rule): clocks and time zones differ."""


@dataclass(frozen=True, slots=True)
class NormalizationSettings:
    """The settings that bear on the outcome.

    Attributes:
        default_company: The company of records without `internalCompanyId`.
        customer_id_scope: Whether a customer id means one person within a company, or within a system of it.
        phone_region: The region (ISO 3166) of phone numbers written without a country code.
        epoch_is_utc: The `systemName`s whose epoch milliseconds are true UTC and are not shifted.
        business_timezone: The IANA zone whose calendar day is an event's `activity_date`.
        max_record_bytes: The longest record that is read; a longer one is quarantined, or fatal for a
            format that cannot be cut (RULINGS 6).
    """

    default_company: str = ""
    customer_id_scope: Literal["company", "system"] = "company"
    phone_region: str = "VN"
    epoch_is_utc: frozenset[str] = frozenset()
    business_timezone: str = "UTC"
    max_record_bytes: int = 16 * 1024 * 1024

    def fingerprint(self) -> str:
        """Give a hash that changes when a rule or a setting that bears on the outcome does."""
        settings = asdict(self) | {"epoch_is_utc": sorted(self.epoch_is_utc), "version": RULES_VERSION}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def timestamp_upper_bound(dump_date: date) -> datetime:
    """Give the first moment that is too late for a dump: midnight after the last day allowed, UTC."""
    return datetime.combine(dump_date + timedelta(days=1), time(), UTC) + LATEST_AFTER_DUMP

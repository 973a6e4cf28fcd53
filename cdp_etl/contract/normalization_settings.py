"""Settings that affect the result of normalization, and the version of its rules.

All of them are part of a dump's fingerprint. Settings of speed, paths or presentation do not belong here.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from cdp_etl.contract.placeholders import DEFAULT_PLACEHOLDERS

RULES_VERSION = 4
"""To be increased with every change of code that can change the result of the same bytes."""

LAST_UNRECORDED_RULES = 3
"""Newest version of the rules whose outputs do not say by which rules they were normalized."""

MIN_TIMESTAMP = datetime(2000, 1, 1, tzinfo=UTC)
"""Lower bound of event timestamps (house rule): an older one is a number in another unit."""

_MAX_AFTER_DUMP = timedelta(days=2)
"""An event may be this much later than the dump date (house rule), because clocks and time zones differ."""


@dataclass(frozen=True, slots=True)
class NormalizationSettings:
    """Settings that affect the result of normalization.

    Attributes:
        default_company: Company of records without `internalCompanyId`.
        customer_id_scope: Whether a customer id is unique within a company, or only within one of its systems.
        phone_region: Region (ISO 3166) of phone numbers without a country code.
        old_vietnamese_prefixes: Whether Vietnamese mobile numbers of before 2018 get their new prefix.
        epoch_is_utc: Values of `systemName` whose epoch milliseconds are UTC, so that they are not shifted.
        placeholders: Values that identify nobody, in lower case: `c:` customer ids, `e:` addresses, `p:` phones.
        business_timezone: IANA time zone that defines the calendar day in `activity_date`.
        max_record_bytes: Maximum size of a record. A larger record is quarantined. In a format whose following
            records then cannot be found, the dump is refused (decision 0022).
        max_record_keys: Maximum number of keys of a record. A record with more is quarantined.
        max_distinct_counted: Number of distinct unknown keys, and of distinct reasons, that a summary counts by
            name. Further ones are counted together.
    """

    default_company: str = ""
    customer_id_scope: Literal["company", "system"] = "company"
    phone_region: str = "VN"
    old_vietnamese_prefixes: bool = True
    epoch_is_utc: frozenset[str] = frozenset()
    placeholders: frozenset[str] = DEFAULT_PLACEHOLDERS
    business_timezone: str = "UTC"
    max_record_bytes: int = 16 * 1024 * 1024
    max_record_keys: int = 10_000
    max_distinct_counted: int = 1_000

    def fingerprint(self) -> str:
        """Return a hash that changes with the rules and with each of these settings."""
        sets = {"epoch_is_utc": sorted(self.epoch_is_utc), "placeholders": sorted(self.placeholders)}
        settings = asdict(self) | sets | {"version": RULES_VERSION}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def timestamp_upper_bound(dump_date: date) -> datetime:
    """Return the first timestamp that is too late for a dump: midnight UTC after the last allowed day."""
    return datetime.combine(dump_date + timedelta(days=1), time(), UTC) + _MAX_AFTER_DUMP

"""Where dumps come from: zones, the listing and judging of what they offer, the pull into the raw archive.

What the rest of the package uses is named here. No database, no Dagster, no decoding of records.
"""

from cdp_etl.landing.archive import latest_pull
from cdp_etl.landing.discover import FoundDump, Sighting, discover, has_stood_still
from cdp_etl.landing.dump.calendar import DeliveryCalendar
from cdp_etl.landing.dump.manifest import require_record_counts
from cdp_etl.landing.errors import (
    DumpNotCompleteError,
    DumpRefusedError,
    FilesMissingError,
    LandingError,
    ZoneConfigError,
    ZoneUnreachableError,
)
from cdp_etl.landing.models import DumpFile, FileDifference, Pull, file_difference
from cdp_etl.landing.probe import CheckedDump, CheckedZone, check_landing
from cdp_etl.landing.pull import PullRules, pull_dump
from cdp_etl.landing.retention import PrunedPull, Retention, prune
from cdp_etl.landing.transfer.decrypt import DecryptionKey
from cdp_etl.landing.zones.aws_credentials import AwsCredentials
from cdp_etl.landing.zones.retry import RetryPolicy
from cdp_etl.landing.zones.sftp_login import SftpOptions
from cdp_etl.landing.zones.zone import ObjectStoreOptions, Zone, ZoneOptions, open_zone

__all__ = [
    "AwsCredentials",
    "CheckedDump",
    "CheckedZone",
    "DecryptionKey",
    "DeliveryCalendar",
    "DumpFile",
    "DumpNotCompleteError",
    "DumpRefusedError",
    "FileDifference",
    "FilesMissingError",
    "FoundDump",
    "LandingError",
    "ObjectStoreOptions",
    "PrunedPull",
    "Pull",
    "PullRules",
    "Retention",
    "RetryPolicy",
    "SftpOptions",
    "Sighting",
    "Zone",
    "ZoneConfigError",
    "ZoneOptions",
    "ZoneUnreachableError",
    "check_landing",
    "discover",
    "file_difference",
    "has_stood_still",
    "latest_pull",
    "open_zone",
    "prune",
    "pull_dump",
    "require_record_counts",
]

"""Landing: reads dumps from the partners' servers into the raw archive.

The rest of the package imports from here.

Belongs here: landing zones, listings, completeness, the pull, the raw archive and its retention.
Does not belong here: database access, Dagster, decoding of records.
"""

from cdp_etl.landing.archive import archived_dates, damaged_files, latest_pull
from cdp_etl.landing.discover import DiscoveredDump, FirstSeen, check_stability, discover
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
from cdp_etl.landing.probe import DumpProbe, ZoneProbe, probe_zones
from cdp_etl.landing.pull import PullRules, pull_dump
from cdp_etl.landing.retention import PrunedPull, Retention, prune
from cdp_etl.landing.transfer.decrypt import DecryptionKey
from cdp_etl.landing.zones.aws_credentials import AwsCredentials
from cdp_etl.landing.zones.limits import ZoneLimits
from cdp_etl.landing.zones.retry import RetryPolicy
from cdp_etl.landing.zones.sftp_address import SftpOptions
from cdp_etl.landing.zones.zone import ObjectStoreOptions, Zone, ZoneOptions, open_zone

__all__ = [
    "AwsCredentials",
    "DecryptionKey",
    "DiscoveredDump",
    "DumpFile",
    "DumpNotCompleteError",
    "DumpProbe",
    "DumpRefusedError",
    "FileDifference",
    "FilesMissingError",
    "FirstSeen",
    "LandingError",
    "ObjectStoreOptions",
    "PrunedPull",
    "Pull",
    "PullRules",
    "Retention",
    "RetryPolicy",
    "SftpOptions",
    "Zone",
    "ZoneConfigError",
    "ZoneLimits",
    "ZoneOptions",
    "ZoneProbe",
    "ZoneUnreachableError",
    "archived_dates",
    "check_stability",
    "damaged_files",
    "discover",
    "file_difference",
    "latest_pull",
    "open_zone",
    "probe_zones",
    "prune",
    "pull_dump",
    "require_record_counts",
]

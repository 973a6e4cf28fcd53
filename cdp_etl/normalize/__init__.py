"""From a dump's files to accepted, superseded and quarantined records in the lake; no database, no Dagster.

What others use of it is named here; what each module does stands in it.
"""

from cdp_etl.normalize.errors import DumpUnreadableError, RecordsLostError
from cdp_etl.normalize.lake.result import NormalizedDump, NormalizedFile
from cdp_etl.normalize.lake.retention import PrunedOutcome, prune_lake
from cdp_etl.normalize.lake.store import latest_normalized
from cdp_etl.normalize.normalize import normalize_dump
from cdp_etl.normalize.readers.byte_stream import ExpansionBound
from cdp_etl.normalize.source_files import SourceFile, content_fingerprint

__all__ = [
    "DumpUnreadableError",
    "ExpansionBound",
    "NormalizedDump",
    "NormalizedFile",
    "PrunedOutcome",
    "RecordsLostError",
    "SourceFile",
    "content_fingerprint",
    "latest_normalized",
    "normalize_dump",
    "prune_lake",
]

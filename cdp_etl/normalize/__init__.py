"""Normalization: from the files of a dump to accepted, superseded and quarantined records in the lake.

Belongs here: the public interface of the package, and the steps that all file formats share.
Does not belong here: the warehouse and Dagster; readers of one format (`cdp_etl.normalize.readers`).
"""

from cdp_etl.normalize.errors import DumpUnreadableError, RecordsLostError
from cdp_etl.normalize.lake.result import NormalizedDump, NormalizedFile
from cdp_etl.normalize.lake.retention import PrunedOutput, prune_lake
from cdp_etl.normalize.lake.store import find_normalized, latest_normalized
from cdp_etl.normalize.normalize import normalize_dump
from cdp_etl.normalize.readers.byte_stream import ExpansionBound
from cdp_etl.normalize.source_files import SourceFile, content_fingerprint

__all__ = [
    "DumpUnreadableError",
    "ExpansionBound",
    "NormalizedDump",
    "NormalizedFile",
    "PrunedOutput",
    "RecordsLostError",
    "SourceFile",
    "content_fingerprint",
    "find_normalized",
    "latest_normalized",
    "normalize_dump",
    "prune_lake",
]

"""Normalization: from the files of a dump to accepted, superseded and quarantined records in the lake.

Belongs here: the public interface of the package, and the steps that all file formats share.
Does not belong here: the warehouse and Dagster; readers of one format (`cdp_etl.normalize.readers`).
"""

from cdp_etl.normalize.errors import (
    ArchiveDamagedError,
    DumpUnreadableError,
    OutputDamagedError,
    RecordsLostError,
)
from cdp_etl.normalize.lake.result import NormalizedDump, NormalizedFile
from cdp_etl.normalize.lake.retention import PrunedOutput, prune_lake
from cdp_etl.normalize.lake.store import (
    DumpFolder,
    dump_folder,
    find_normalized,
    latest_normalized,
    require_intact,
)
from cdp_etl.normalize.normalize import normalize_dump
from cdp_etl.normalize.readers.byte_stream import ExpansionBound
from cdp_etl.normalize.source_files import SourceFile, content_fingerprint

__all__ = [
    "ArchiveDamagedError",
    "DumpFolder",
    "DumpUnreadableError",
    "ExpansionBound",
    "NormalizedDump",
    "NormalizedFile",
    "OutputDamagedError",
    "PrunedOutput",
    "RecordsLostError",
    "SourceFile",
    "content_fingerprint",
    "dump_folder",
    "find_normalized",
    "latest_normalized",
    "normalize_dump",
    "prune_lake",
    "require_intact",
]

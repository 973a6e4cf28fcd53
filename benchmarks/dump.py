"""A dump that a benchmark loads. This module does not import normalization, nor its compiled code."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_etl.contract.normalization_settings import RULES_VERSION


@dataclass(frozen=True)
class Dump:
    """A normalized dump with the attributes that `load_dump` requires."""

    dump_date: date
    content_fingerprint: str
    bytes: int
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    reasons: dict[str, int]
    accepted_files: list[Path]
    superseded_files: list[Path]
    quarantined_files: list[Path]
    rules_version: int = RULES_VERSION
    findings: tuple[str, ...] = ()

"""Test harness: deliver a dump, normalize it, and read the output."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME
from cdp_etl.normalize import NormalizedDump, normalize_dump

DUMP_DATE = date(2026, 3, 1)
NOON_MS = 1_772_366_400_000
"""Noon of the dump date, UTC, as epoch milliseconds."""

COMMENT = BY_NAME["customer-product-comment"]
ACTIVITY = BY_NAME["customer-product-activity"]
REVIEW = BY_NAME["customer-product-review"]
EMAIL = BY_NAME["email-interaction"]


@dataclass(frozen=True)
class Delivered:
    """A file of a dump, as landing describes it."""

    path: str
    bytes: int
    sha256: str
    order: int | None = None


def comment(number: int | str = 1, **changes: Any) -> dict[str, Any]:
    """Return a valid comment; `None` removes a field."""
    record = {
        "systemName": "Website",
        "commentId": str(number),
        "content": "Còn hàng không?",
        "commentedAt": NOON_MS,
        "customerId": "KH1",
        "customerName": "Nguyễn Văn A",
        "customerPhone": "0912345678",
        "productSku": "SKU1",
        "productName": "Iphone 12",
    } | changes
    return {key: value for key, value in record.items() if value is not None}


def ndjson(*records: Any) -> bytes:
    """Return NDJSON with one value per line."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def deliver(directory: Path, files: Mapping[str, bytes]) -> list[Delivered]:
    """Write the files of a dump."""
    delivered = []
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
        delivered.append(Delivered(path, len(content), hashlib.sha256(content).hexdigest()))
    return delivered


@dataclass(frozen=True)
class Outcome:
    """Output of a dump, read back from the lake."""

    dump: NormalizedDump

    @property
    def accepted(self) -> pl.DataFrame:
        return _read(self.dump.accepted_files)

    @property
    def superseded(self) -> pl.DataFrame:
        return _read(self.dump.superseded_files)

    @property
    def quarantined(self) -> pl.DataFrame:
        return _read(self.dump.quarantined_files)

    @property
    def reasons(self) -> list[list[str]]:
        """Reasons of each quarantined record, in the order of delivery."""
        return self.quarantined["reasons"].to_list() if self.dump.quarantined else []


def _read(files: list[Path]) -> pl.DataFrame:
    """Read Parquet files and sort the rows in the order of delivery, because batches are not sorted."""
    if not files:
        return pl.DataFrame()
    rows = pl.concat([pl.read_parquet(path) for path in files])
    return rows.sort("source_file", "source_position", maintain_order=True)


def normalize(  # noqa: PLR0913 - a dump, and the settings of a test
    root: Path,
    files: Mapping[str, bytes],
    *,
    entity: Entity = COMMENT,
    settings: NormalizationSettings | None = None,
    batch_bytes: int = 1 << 16,
    workers: int = 2,
) -> Outcome:
    """Deliver files under `root`, normalize them, and return the output."""
    directory = root / "dump"
    delivered = deliver(directory, files)
    return Outcome(
        normalize_dump(
            entity,
            DUMP_DATE,
            directory,
            delivered,
            root / "lake",
            settings or NormalizationSettings(),
            batch_bytes=batch_bytes,
            workers=workers,
        )
    )

"""Normalized dumps for tests: Parquet in the layout of the lake, with defaults for all that a test leaves out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.name_folding import fold_name
from cdp_etl.contract.normalization_settings import RULES_VERSION
from cdp_etl.contract.record_key import record_key
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, folded_name, lake_columns
from cdp_etl.entities import BY_NAME

COMMENT = BY_NAME["customer-product-comment"]
EMAIL = BY_NAME["email-interaction"]
SUBSCRIBER = BY_NAME["customer-product-subscriber"]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    """A pulled file of a dump."""

    path: str
    bytes: int = 100
    sha256: str = "0" * 64
    modified_at: datetime = NOON
    pulled_at: datetime = NOON
    order: int | None = None


@dataclass(frozen=True)
class Dump:
    """A normalized dump, as `load_dump` requires it."""

    dump_date: date
    content_fingerprint: str
    bytes: int
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    accepted_files: Sequence[Path]
    superseded_files: Sequence[Path]
    quarantined_files: Sequence[Path]
    reasons: Mapping[str, int] = field(default_factory=dict)
    rules_version: int = RULES_VERSION
    findings: Sequence[str] = ()


def key_hash(key: str) -> int:
    """Return the hash that DuckDB calls `md5_number_lower`."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[8:], "little")


def record(entity: Entity, own_id: str, **values: Any) -> dict[str, Any]:
    """Return an accepted record with the given id and values, and defaults for all other columns."""
    key = record_key(values.get("company_id", ""), values.get("system_name", ""), own_id)
    row: dict[str, Any] = dict.fromkeys(column.name for column in lake_columns(entity))
    row |= {
        entity.own_id: own_id,
        "company_id": "",
        "record_key": key,
        "key_hash": key_hash(key),
        "record_status": "Active",
        "occurred_at": NOON,
        "activity_date": NOON.date(),
        "customer_key": "c:1",
        "identifiers": ["c:1"],
        "has_contact_customer_id": False,
        "has_contact_record_id": False,
        "warnings": [],
        "source_file": "part-1.ndjson",
        "source_position": 1,
    }
    unknown = values.keys() - row.keys()
    assert not unknown, unknown
    named = [field for field in entity.folded_fields if values.get(field.name)]
    return row | {folded_name(field): fold_name(values[field.name]) for field in named} | values


def write_dump(  # noqa: PLR0913 - the properties of a dump that tests vary
    folder: Path,
    entity: Entity,
    dump_date: date,
    records: Sequence[Mapping[str, Any]],
    *,
    superseded: int = 0,
    quarantined: int = 0,
    fingerprint: str | None = None,
) -> Dump:
    """Write the Parquet files of a dump and return the dump.

    The content fingerprint is a hash of all that is written, unless the test passes one.
    """
    rows = [dict(row) | {"dump_date": dump_date} for row in records]
    content = f"{sorted(map(repr, rows))} {superseded} {quarantined}"
    content_fingerprint = fingerprint or hashlib.sha256(content.encode()).hexdigest()
    target = folder / entity.table / str(dump_date) / content_fingerprint
    schema = polars_schema(lake_columns(entity))
    superseded_rows = [
        record(entity, "superseded") | {"dump_date": dump_date, "source_position": position}
        for position in range(1, superseded + 1)
    ]
    quarantined_rows = [
        {
            "entity": entity.table,
            "dump_date": dump_date,
            "source_file": "part-1.ndjson",
            "source_position": position,
            "reasons": ["actionId: required"],
            "raw": b"\xff{",
        }
        for position in range(1, quarantined + 1)
    ]
    return Dump(
        dump_date,
        content_fingerprint,
        bytes=100,
        records_read=len(rows) + superseded + quarantined,
        accepted=len(rows),
        superseded=superseded,
        quarantined=quarantined,
        with_warnings=sum(bool(row["warnings"]) for row in rows),
        accepted_files=_parquet(target / "accepted", pl.DataFrame(rows, schema)),
        superseded_files=_parquet(
            target / "superseded",
            pl.DataFrame(superseded_rows, schema).with_columns(
                by_file=pl.lit("part-1.ndjson"), by_position=pl.lit(9, pl.Int64)
            ),
        ),
        quarantined_files=_parquet(
            target / "quarantined", pl.DataFrame(quarantined_rows, polars_schema(QUARANTINE_COLUMNS))
        ),
        reasons={"actionId: required": quarantined} if quarantined else {},
    )


def _parquet(folder: Path, rows: pl.DataFrame) -> list[Path]:
    if rows.is_empty():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "part-0.parquet"
    rows.write_parquet(path)
    return [path]

"""Independent reader of dumps for these tests: row by row, validated by the contract's own models.

It shares no code with the generator or with the pipeline's readers, so that no mistake can be in both.
"""

import csv
import gzip
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl

from cdp_etl.contract import strict_json
from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.delivery_order import in_delivery_order
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import DataFile, classify
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.record_key import raw_record_key
from cdp_etl.normalize.reference_path import Accepted, validate_record

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


@dataclass
class ActualCounts:
    """Counts of a dump, named as in `ExpectedCounts`."""

    read: int = 0
    accepted: int = 0
    superseded: int = 0
    quarantined: int = 0
    with_warnings: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def parts(folder: Path) -> list[Path]:
    """Return a dump's data files in the order of delivery."""
    named = {path.name: path for path in folder.iterdir()}
    data = [name for name in named if isinstance(classify(name), DataFile)]
    return [named[name] for name in in_delivery_order(data)]


def content(path: Path) -> bytes:
    """Return the decompressed bytes of a part."""
    match path.suffix:
        case ".gz":
            return gzip.decompress(path.read_bytes())
        case ".zst":
            return zstd.decompress(path.read_bytes())
        case _:
            return path.read_bytes()


def records(folder: Path, entity: Entity) -> Iterator[dict[str, Any] | str]:
    """Yield each record of a dump, or the reason why it cannot be parsed."""
    for path in parts(folder):
        match classify(path.name):
            case DataFile(format="ndjson"):
                yield from _ndjson(content(path), entity)
            case DataFile(format="json"):
                yield from _entries(strict_json.parse(content(path).decode()), entity)
            case DataFile(format="csv"):
                yield from _csv(content(path))
            case DataFile(format="parquet"):
                yield from (_present(row) for row in pl.read_parquet(path).to_dicts())


def count_records(folder: Path, entity: Entity, dump_date: date) -> ActualCounts:
    """Validate a dump by the contract's own models and count the results."""
    actual = ActualCounts()
    reasons = Counter[str]()
    context = ValidationContext(NormalizationSettings(), dump_date)
    valid: dict[str, tuple[int, bool]] = {}
    newest: dict[str, int] = {}
    for position, record in enumerate(records(folder, entity)):
        actual.read += 1
        if isinstance(record, str):
            actual.quarantined += 1
            reasons[record] += 1
            continue
        outcome = validate_record(entity, record, context)
        key = raw_record_key(entity, record, context.settings)
        if key is not None:
            newest[key] = position
        if isinstance(outcome, Accepted):
            assert key is not None
            actual.superseded += key in valid
            valid[key] = position, bool(outcome.row["warnings"]) or has_unusable_contact(entity, outcome.row)
        else:
            actual.quarantined += 1
            reasons.update(outcome.reasons)
    actual.accepted = len(valid)
    actual.reasons = dict(reasons)
    actual.with_warnings = sum(
        warns or newest[key] > position for key, (position, warns) in valid.items()
    )  # fmt: skip # one expression
    return actual


def has_unusable_contact(entity: Entity, row: dict[str, Any]) -> bool:
    """Return whether a phone cannot be dialled or an e-mail address is invalid."""
    present = [(name.name, row[name.name]) for name in entity.contacts if row[name.name] is not None]
    return any(
        not (_ADDRESS.fullmatch(value) if "email" in name else is_dialable(value)) for name, value in present
    )


def is_dialable(phone: str) -> bool:
    """Return whether a text is a valid number in Vietnam. libphonenumber alone would convert letters to digits."""
    if any(character.isalpha() for character in phone):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(phone, "VN"))
    except phonenumbers.NumberParseException:
        return False


def _ndjson(text: bytes, entity: Entity) -> Iterator[dict[str, Any] | str]:
    for line in text.split(b"\n"):
        if not line.strip():
            continue
        try:
            value = strict_json.parse(line.decode())
        except UnicodeDecodeError:
            yield "record: not UTF-8"
        except strict_json.NotANumberError:
            yield "record: NaN or Infinity, which is not JSON"
        except strict_json.MalformedJsonError:
            yield "record: malformed JSON"
        else:
            if not isinstance(value, dict):
                yield "record: not an object"
            else:
                yield from _entries(value, entity)


def _entries(value: Any, entity: Entity) -> Iterator[dict[str, Any] | str]:
    """Yield the records of an array or of an API payload, or the value itself if it is a record."""
    if isinstance(value, list):
        yield from (item if isinstance(item, dict) else "record: not an object" for item in value)
        return
    if "entries" not in value:
        yield value
        return
    for entry in value["entries"]:
        if value["objectType"] != entity.name:
            yield "objectType: not this entity"
        elif not isinstance(entry, dict):
            yield "record: not an object"
        else:
            yield {"systemName": value.get("source")} | entry


def _csv(text: bytes) -> Iterator[dict[str, Any] | str]:
    rows = csv.reader(io.StringIO(text.decode(errors="surrogateescape"), newline=""), strict=True)
    header = next(rows)
    for row in rows:
        try:
            "".join(row).encode()
        except UnicodeEncodeError:
            yield "record: not UTF-8"
            continue
        if len(row) != len(header):
            yield f"record: {len(row)} cells, the header has {len(header)}"
            continue
        cells = {name: cell for name, cell in zip(header, row, strict=True) if cell}
        yield {
            name: json.loads(cell) if name.startswith("customField") else cell for name, cell in cells.items()
        }  # fmt: skip # one expression


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(repr(value)) if isinstance(value, float) else value
        for name, value in row.items()
        if value is not None
    }

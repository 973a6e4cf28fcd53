"""Refused records written to a file for whoever mends them: place and reasons beside the bytes as delivered.

Put here the two forms of the file. Which records go into it is the caller's choice.
"""

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from cdp_etl.errors import CdpEtlError
from cdp_etl.normalize.quarantine.read import RefusedRecord

ExportForm = Literal["ndjson", "csv"]

_COLUMNS: Final = ("entity", "dump_date", "file", "position", "reasons", "raw", "raw_base64")
_OWNER_ONLY: Final = 0o600
_BETWEEN_REASONS: Final = "; "


class ExportExistsError(CdpEtlError):
    """The file to write to is there already; it stays as it is."""


def write_export(records: Iterable[tuple[RefusedRecord, bytes]], target: Path, form: ExportForm) -> int:
    """Write refused records to a new file, whole or not at all; give how many.

    Each has `raw`, its bytes as text, or where they are not UTF-8 `raw_base64`: either way they can be had back
    exactly. The file may be read by its owner only, since it holds personal data.

    Args:
        records: The records, with their bytes.
        target: The file.
        form: `ndjson`, an object a line without the member that does not apply; or `csv` (RFC 4180), with the
            reasons of a record joined by `; `.

    Raises:
        ExportExistsError: where the file exists.
    """
    if target.exists():
        raise ExportExistsError(f"{target} exists; give another name.")
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)  # left by an export that was killed
    try:
        unfinished.touch(_OWNER_ONLY, exist_ok=False)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            written = _FORMS[form](file, map(_told, records))
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _told(refused: tuple[RefusedRecord, bytes]) -> dict[str, Any]:
    record, raw = refused
    told: dict[str, Any] = {
        "entity": record.entity,
        "dump_date": record.dump_date.isoformat(),
        "file": record.file,
        "position": record.position,
        "reasons": list(record.reasons),
    }
    try:
        return told | {"raw": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return told | {"raw_base64": base64.b64encode(raw).decode("ascii")}


def _write_ndjson(file: TextIO, records: Iterator[dict[str, Any]]) -> int:
    written = 0
    for record in records:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        written += 1
    return written


def _write_csv(file: TextIO, records: Iterator[dict[str, Any]]) -> int:
    # Everything is quoted: the bytes may hold a line end of any kind.
    writer = csv.DictWriter(file, _COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    written = 0
    for record in records:
        writer.writerow(record | {"reasons": _BETWEEN_REASONS.join(record["reasons"])})
        written += 1
    return written


_FORMS: Final[dict[ExportForm, Callable[[TextIO, Iterator[dict[str, Any]]], int]]] = {
    "ndjson": _write_ndjson,
    "csv": _write_csv,
}

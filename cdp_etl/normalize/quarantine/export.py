"""Export of quarantined records to a file: file, position and reasons, and the bytes as delivered.

The caller chooses the records.
"""

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from cdp_etl.errors import CdpEtlError
from cdp_etl.normalize.quarantine.read import QuarantinedRecord

ExportFormat = Literal["ndjson", "csv"]

_COLUMNS: Final = ("entity", "dump_date", "file", "position", "reasons", "raw", "raw_base64")
_OWNER_ONLY: Final = 0o600
_REASON_SEPARATOR: Final = "; "


class ExportExistsError(CdpEtlError):
    """The target file exists already; it is not changed."""


def write_export(records: Iterable[tuple[QuarantinedRecord, bytes]], target: Path, form: ExportFormat) -> int:
    """Write quarantined records to a new file, atomically, and return their number.

    Each record has `raw`, its bytes as text, or `raw_base64` if the bytes are not UTF-8. Both restore the exact
    bytes. Only the owner may read the file, because it contains personal data.

    Args:
        records: The records, with their bytes.
        target: The file.
        form: `ndjson`, an object per line with only one of `raw` and `raw_base64`; or `csv` (RFC 4180), with the
            reasons of a record joined by `; `.

    Raises:
        ExportExistsError: If the file exists.
    """
    if target.exists():
        raise ExportExistsError(f"{target} exists; choose another name.")
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)  # left by an export that was killed
    try:
        unfinished.touch(_OWNER_ONLY, exist_ok=False)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            written = _WRITERS[form](file, map(_to_dict, records))
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _to_dict(quarantined: tuple[QuarantinedRecord, bytes]) -> dict[str, Any]:
    record, raw = quarantined
    exported: dict[str, Any] = {
        "entity": record.entity,
        "dump_date": record.dump_date.isoformat(),
        "file": record.file,
        "position": record.position,
        "reasons": list(record.reasons),
    }
    try:
        return exported | {"raw": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return exported | {"raw_base64": base64.b64encode(raw).decode("ascii")}


def _write_ndjson(file: TextIO, records: Iterator[dict[str, Any]]) -> int:
    written = 0
    for record in records:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        written += 1
    return written


def _write_csv(file: TextIO, records: Iterator[dict[str, Any]]) -> int:
    # All cells are quoted, because the bytes may contain any kind of line end.
    writer = csv.DictWriter(file, _COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    written = 0
    for record in records:
        writer.writerow(record | {"reasons": _REASON_SEPARATOR.join(record["reasons"])})
        written += 1
    return written


_WRITERS: Final[dict[ExportFormat, Callable[[TextIO, Iterator[dict[str, Any]]], int]]] = {
    "ndjson": _write_ndjson,
    "csv": _write_csv,
}

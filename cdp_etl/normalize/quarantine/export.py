"""Export of quarantined records to a file: file, position and reasons, and the bytes as delivered.

The caller chooses the records.
"""

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from cdp_etl.export_file import export_file
from cdp_etl.normalize.quarantine.read import QuarantinedRecord, reason_subject
from cdp_etl.untrusted_text import without_formula

ExportFormat = Literal["ndjson", "csv"]

_COLUMNS: Final = ("entity", "dump_date", "file", "position", "reasons", "explanations", "raw", "raw_base64")
_REASON_SEPARATOR: Final = "; "


def write_export(
    records: Iterable[tuple[QuarantinedRecord, bytes]],
    target: Path,
    form: ExportFormat,
    *,
    for_spreadsheet: bool = False,
) -> int:
    """Write quarantined records to a new file, atomically, and return their number.

    Each record has `raw`, its bytes as text, or `raw_base64` if the bytes are not UTF-8. Both restore the exact
    bytes, unless the export is for a spreadsheet. Only the owner may read the file, because it contains personal
    data.

    Args:
        records: The records, with their bytes.
        target: The file.
        form: `ndjson`, an object per line with only one of `raw` and `raw_base64`; or `csv` (RFC 4180), with the
            reasons of a record joined by `; `.
        for_spreadsheet: Whether a cell of CSV that a spreadsheet would evaluate as a formula gets a leading `'`.

    Raises:
        ExportExistsError: If the file exists.
    """
    exported = map(_to_dict, records)
    with export_file(target) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        if form == "ndjson":
            return _write_ndjson(file, exported)
        return _write_csv(file, exported, cell=without_formula if for_spreadsheet else lambda cell: cell)


def _to_dict(quarantined: tuple[QuarantinedRecord, bytes]) -> dict[str, Any]:
    record, raw = quarantined
    exported: dict[str, Any] = {
        "entity": record.entity,
        "dump_date": record.dump_date.isoformat(),
        "file": record.file,
        "position": record.position,
        "reasons": list(record.reasons),
        "explanations": dict(record.explanations),
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


def _write_csv(file: TextIO, records: Iterator[dict[str, Any]], cell: Callable[[Any], Any]) -> int:
    # All cells are quoted, because the bytes may contain any kind of line end.
    writer = csv.DictWriter(file, _COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    written = 0
    for record in records:
        explained = [f"{reason_subject(reason)}: {text}" for reason, text in record["explanations"].items()]
        joined = record | {
            "reasons": _REASON_SEPARATOR.join(record["reasons"]),
            "explanations": _REASON_SEPARATOR.join(explained),
        }
        writer.writerow({name: cell(value) for name, value in joined.items()})
        written += 1
    return written

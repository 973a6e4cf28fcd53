"""The dumps that `normalize.py` measures with: made by the sample generator, or of its lines.

Put here what lies in a dump. What is measured of it stands in `normalize_jobs.py`.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.sample import generate

DAY = date(2026, 3, 1)
MAIN = "customer-product-activity"

_KINDS: tuple[tuple[str, DataFormat, Compression], ...] = (
    ("ndjson", "ndjson", "none"),
    ("gz", "ndjson", "gz"),
    ("zst", "ndjson", "zst"),
    ("json", "json", "none"),
    ("csv", "csv", "none"),
    ("parquet", "parquet", "none"),
)
_REPEATED_ROWS = 200_000
_LONG_BYTES = 50_000_000
_ID = b'"actionId":"0'


def of_every_format(work: Path, rows: int) -> dict[str, Path]:
    """Make the same records in every format, and with every number as text."""
    made: dict[str, Path] = {}
    for name, format_, compression in _KINDS:
        generate(work / name, DAY, 1, rows, entities=[MAIN], format=format_, compression=compression)
        made[name] = work / name / MAIN / DAY.isoformat()
    made["text"] = work / "text" / DAY.isoformat()
    _write_numbers_as_text(made["ndjson"], made["text"])
    return made


def large(folder: Path, rows: int) -> Path:
    """Make a dump of one file by repeating generated lines, each time with other ids."""
    base = min(rows, _REPEATED_ROWS)
    generate(folder / "base", DAY, 1, base, entities=[MAIN])
    lines = b"".join(path.read_bytes() for path in sorted((folder / "base").rglob("*.ndjson")))
    return _written(folder, (lines.replace(_ID, b'"actionId":"%d-' % number) for number in range(rows // base)))


def of_bad_lines(folder: Path, rows: int) -> Path:
    """Make a dump of lines that are cut, as a broken export leaves them."""
    return _written(
        folder, (b'{"systemName":"Website","actionId":"%d","action":"Vi\n' % row for row in range(rows))
    )


def of_refused_records(folder: Path, rows: int) -> Path:
    """Make a dump of records that are JSON, and refused for several fields each."""
    return _written(
        folder, (b'{"systemName":"Website","actionId":"%d","actionAt":"x"}\n' % row for row in range(rows))
    )


def of_one_line(folder: Path) -> Path:
    """Make a dump of one good line."""
    return _written(folder, iter([_first_line(folder)]))


def with_a_long_line(folder: Path, size: int = _LONG_BYTES) -> Path:
    """Make a dump with a line of 50 MB between two good ones."""
    line = _first_line(folder)
    long = line.rstrip()[:-1] + b',"note":"' + b"x" * size + b'"}\n'
    return _written(folder, iter([line, long, line]))


def _first_line(folder: Path) -> bytes:
    generate(folder / "base", DAY, 1, 10, entities=[MAIN], dirty=0.0)
    (source,) = sorted((folder / "base").rglob("*.ndjson"))
    return source.read_bytes().splitlines(keepends=True)[0]


def _written(folder: Path, pieces: Iterator[bytes]) -> Path:
    dump = folder / DAY.isoformat()
    dump.mkdir(parents=True)
    with (dump / "part-1.ndjson").open("wb") as out:
        out.writelines(pieces)
    return dump


def _write_numbers_as_text(source: Path, target: Path) -> None:
    """Write every number of every good line as text, as many exports do."""
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.ndjson")):
        with path.open("rb") as lines, (target / path.name).open("wb") as out:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    out.write(line)
                    continue
                if isinstance(record, dict):
                    record = {key: _number_as_text(value) for key, value in record.items()}
                out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


ODD_DUMPS: dict[str, Callable[[Path], Path]] = {
    "one line": of_one_line,
    "a line of 50 MB": with_a_long_line,
    "10 million cut lines": lambda folder: of_bad_lines(folder, 10_000_000),
    "10 million refused records": lambda folder: of_refused_records(folder, 10_000_000),
}
"""What a dump may be that would take much memory of a reader that did not expect it."""

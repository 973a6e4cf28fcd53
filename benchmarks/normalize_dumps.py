"""Dumps for `normalize.py`, created by the sample generator or from its lines."""

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
    """Create dumps of the same records in every format, and one with all numbers as text."""
    dumps: dict[str, Path] = {}
    for name, format_, compression in _KINDS:
        generate(work / name, DAY, 1, rows, entities=[MAIN], format=format_, compression=compression)
        dumps[name] = work / name / MAIN / DAY.isoformat()
    dumps["text"] = work / "text" / DAY.isoformat()
    _write_numbers_as_text(dumps["ndjson"], dumps["text"])
    return dumps


def large(folder: Path, rows: int) -> Path:
    """Create a dump of one file from repeated generated lines, each time with other ids."""
    base = min(rows, _REPEATED_ROWS)
    generate(folder / "base", DAY, 1, base, entities=[MAIN])
    lines = b"".join(path.read_bytes() for path in sorted((folder / "base").rglob("*.ndjson")))
    return _written(folder, (lines.replace(_ID, b'"actionId":"%d-' % number) for number in range(rows // base)))


def in_files(folder: Path, dump: Path, count: int) -> Path:
    """Create a dump of several files with the lines of a dump of one."""
    (source,) = dump.iterdir()
    target = folder / DAY.isoformat()
    target.mkdir(parents=True)
    with source.open("rb") as lines:
        for number in range(count):
            with (target / f"part-{number + 1}.ndjson").open("wb") as out:
                out.writelines(lines.readlines(source.stat().st_size // count + 1))
    return target


def of_truncated_lines(folder: Path, rows: int) -> Path:
    """Create a dump of truncated lines, as from a broken export."""
    return _written(
        folder, (b'{"systemName":"Website","actionId":"%d","action":"Vi\n' % row for row in range(rows))
    )


def of_invalid_records(folder: Path, rows: int) -> Path:
    """Create a dump of JSON records that are quarantined, each with several reasons."""
    return _written(
        folder, (b'{"systemName":"Website","actionId":"%d","actionAt":"x"}\n' % row for row in range(rows))
    )


def of_one_line(folder: Path) -> Path:
    """Create a dump of one valid line."""
    return _written(folder, iter([_first_line(folder)]))


def with_a_long_line(folder: Path, size: int = _LONG_BYTES) -> Path:
    """Create a dump with a line of 50 MB between two valid ones."""
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
    """Write all numbers of all parsable lines as text, as many exports do."""
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


EXTREME_DUMPS: dict[str, Callable[[Path], Path]] = {
    "one line": of_one_line,
    "a line of 50 MB": with_a_long_line,
    "10 million truncated lines": lambda folder: of_truncated_lines(folder, 10_000_000),
    "10 million invalid records": lambda folder: of_invalid_records(folder, 10_000_000),
}
"""Dumps that need much memory in a reader without limits."""

"""What a published version of the marts is, and what its manifest says: one JSON file in its folder.

Put here the shape of a version and how it is read back. How one is made stands in `publish.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"

LAYOUT = 2
"""Raised when the files of the same rows become different ones, or the manifest does."""


@dataclass(frozen=True, slots=True)
class MonthFiles:
    """The Parquet files of a month of a mart, or of all of it: one, or that and what was added and hidden since.

    Attributes:
        kind: What the files of a month must have in common: layout, rebuild of the mart, personal data or none.
        load_seq: The newest load by which the month changed.
        rows: Its rows.
        bytes: The size of its files.
        data: The files of its rows, relative to the version's folder; none where the month has no rows.
        left: The files of the keys of rows that are in the others and have left since.
        left_rows: How many keys these hold.
    """

    kind: str
    load_seq: int
    rows: int
    bytes: int
    data: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    left_rows: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published version of the marts.

    Attributes:
        as_of: The newest load that every mart holds.
        version: Its name, in order of time.
        published_at: When it was made, UTC.
        has_personal_data: Whether names, phones, e-mails, addresses and IPs are in it.
        folder: The folder of its files.
        marts: The files of each mart, by month.
    """

    as_of: int
    version: str
    published_at: datetime
    has_personal_data: bool
    folder: Path
    marts: Mapping[str, Mapping[date, MonthFiles]]

    def row_count(self, mart: str) -> int:
        """Give the number of rows of a mart."""
        return sum(month.rows for month in self.marts[mart].values())

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder."""
        text = json.dumps(
            {
                "layout": LAYOUT,
                "as_of": self.as_of,
                "version": self.version,
                "published_at": self.published_at.isoformat(),
                "has_personal_data": self.has_personal_data,
                "folder": str(self.folder),
                "marts": {
                    mart: {str(month): asdict(files) for month, files in sorted(months.items())}
                    for mart, months in self.marts.items()
                },
            },
            indent=1,
        )
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_snapshot(folder: Path) -> Snapshot:
    """Give the version that a folder holds; one of a former layout without its files, which no other can share."""
    stored: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return Snapshot(
        as_of=stored["as_of"],
        version=stored["version"],
        published_at=datetime.fromisoformat(stored["published_at"]),
        has_personal_data=stored["has_personal_data"],
        folder=Path(stored["folder"]),
        marts={
            mart: {date.fromisoformat(month): _month_files(files) for month, files in months.items()}
            for mart, months in (stored["marts"].items() if stored.get("layout") == LAYOUT else ())
        },
    )


def _month_files(stored: Mapping[str, Any]) -> MonthFiles:
    lists = {name: tuple(stored[name]) for name in ("data", "left")}
    return MonthFiles(**{**stored, **lists})

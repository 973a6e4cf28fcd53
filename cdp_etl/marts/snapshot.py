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


@dataclass(frozen=True, slots=True)
class MonthFile:
    """One Parquet file of a mart: a month of it, or all of it.

    Attributes:
        content: What tells this content from any other that the file may have had.
        path: Relative to the version's folder; None where the month has no rows.
        rows: Its rows.
        bytes: Its size.
    """

    content: str
    path: str | None
    rows: int
    bytes: int


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
    marts: Mapping[str, Mapping[date, MonthFile]]

    def row_count(self, mart: str) -> int:
        """Give the number of rows of a mart."""
        return sum(file.rows for file in self.marts[mart].values())

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder."""
        text = json.dumps(
            {
                "as_of": self.as_of,
                "version": self.version,
                "published_at": self.published_at.isoformat(),
                "has_personal_data": self.has_personal_data,
                "folder": str(self.folder),
                "marts": {
                    mart: {str(month): asdict(file) for month, file in sorted(months.items())}
                    for mart, months in self.marts.items()
                },
            },
            indent=1,
        )
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_snapshot(folder: Path) -> Snapshot:
    """Give the version that a folder holds."""
    stored: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return Snapshot(
        as_of=stored["as_of"],
        version=stored["version"],
        published_at=datetime.fromisoformat(stored["published_at"]),
        has_personal_data=stored["has_personal_data"],
        folder=Path(stored["folder"]),
        marts={
            mart: {date.fromisoformat(month): MonthFile(**file) for month, file in months.items()}
            for mart, months in stored["marts"].items()
        },
    )

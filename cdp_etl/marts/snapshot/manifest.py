"""Manifest of a published version of the marts: one JSON file in the version's folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cdp_etl.marts.errors import SnapshotDamagedError

MANIFEST = "manifest.json"

LAYOUT = 4
"""Raised if other releases would misread the manifest, or if equal rows are written to other files or columns."""

_READABLE_LAYOUTS = {2, 3, LAYOUT}
"""Layouts whose files are listed when a manifest is read. Only files of the current layout are reused."""

_FORMER_NAMES = {"left": "deletes", "left_rows": "deleted_rows"}
"""Keys of layout 2 by which `MonthFiles` is read."""


@dataclass(frozen=True, slots=True)
class MonthFiles:
    """Parquet files of one month of a mart, or of a mart that is not published by month.

    The first file has the rows of a full write. Later ones have the rows added since, and the keys deleted since.

    Attributes:
        kind: Layout, generation of the mart, and published form: files of another kind are not reused.
        load_seq: Newest load at the last change of the month.
        rows: Number of rows.
        bytes: Size of the files.
        data: Files of rows, relative to the version's folder; none if the month has no rows.
        deletes: Files of tombstones, which hide rows of `data`.
        deleted_rows: Number of these tombstones.
        hashes: SHA-256 of each file; files that an earlier release wrote have none.
    """

    kind: str
    load_seq: int
    rows: int
    bytes: int
    data: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    deleted_rows: int = 0
    hashes: Mapping[str, str] = field(default_factory=dict)

    def extends(self, earlier: "MonthFiles") -> bool:
        """Return whether these are the files of an earlier version, by their hashes, and later ones."""
        are_first = (self.data[: len(earlier.data)], self.deletes[: len(earlier.deletes)]) == (
            earlier.data,
            earlier.deletes,
        )
        names = (*earlier.data, *earlier.deletes)
        return are_first and all(
            name in earlier.hashes and self.hashes.get(name) == earlier.hashes[name] for name in names
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published version of the marts.

    Attributes:
        as_of: Newest load that every mart has applied.
        version: Name of the version; names sort by time.
        published_at: Timestamp of the publish, UTC.
        has_personal_data: Whether names, phones, e-mails, addresses and IPs are included.
        key_id: Identity of the pseudonym key; None with personal data, and in versions before layout 4.
        folder: Folder of the files: that of the manifest.
        marts: Files of each mart, by month.
    """

    as_of: int
    version: str
    published_at: datetime
    has_personal_data: bool
    key_id: str | None
    folder: Path
    marts: Mapping[str, Mapping[date, MonthFiles]]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(month.bytes for months in self.marts.values() for month in months.values())

    def row_count(self, mart: str) -> int:
        """Return the number of rows of a mart."""
        return sum(month.rows for month in self.marts[mart].values())

    def has_files(self, files: MonthFiles) -> bool:
        """Return whether all files of a month exist, complete by their size; their content is not read."""
        paths = [self.folder / path for path in (*files.data, *files.deletes)]
        return all(path.is_file() for path in paths) and sum(path.stat().st_size for path in paths) == files.bytes

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder."""
        text = json.dumps(
            {
                "layout": LAYOUT,
                "as_of": self.as_of,
                "version": self.version,
                "published_at": self.published_at.isoformat(),
                "has_personal_data": self.has_personal_data,
                "key_id": self.key_id,
                "folder": ".",
                "marts": {
                    mart: {str(month): asdict(files) for month, files in sorted(months.items())}
                    for mart, months in self.marts.items()
                },
            },
            indent=1,
        )
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_snapshot(folder: Path) -> Snapshot:
    """Return the version in a folder; of a version before layout 2 the files are not listed.

    Earlier releases wrote an absolute path as the folder, which is wrong once the data folder was moved. So the
    place of the manifest counts.

    Raises:
        SnapshotDamagedError: If the manifest is missing or cannot be read.
    """
    path = folder / MANIFEST
    try:
        return _parse(json.loads(path.read_bytes()), folder)
    except OSError as error:
        raise SnapshotDamagedError(path, error.strerror or type(error).__name__) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # not JSON, or JSON of another shape
        raise SnapshotDamagedError(path, f"not a manifest ({type(error).__name__})") from None


def _parse(stored: Mapping[str, Any], folder: Path) -> Snapshot:
    marts = stored["marts"] if stored.get("layout") in _READABLE_LAYOUTS else {}
    return Snapshot(
        as_of=int(stored["as_of"]),
        version=stored["version"],
        published_at=datetime.fromisoformat(stored["published_at"]),
        has_personal_data=stored["has_personal_data"],
        key_id=stored.get("key_id"),
        folder=folder,
        marts={
            mart: {date.fromisoformat(month): _month_files(files) for month, files in months.items()}
            for mart, months in marts.items()
        },
    )


def _month_files(stored: Mapping[str, Any]) -> MonthFiles:
    values = {_FORMER_NAMES.get(name, name): value for name, value in stored.items()}
    return MonthFiles(**{**values, "data": tuple(values["data"]), "deletes": tuple(values["deletes"])})

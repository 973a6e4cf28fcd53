"""What normalizing a dump came to: the counts, and where its files lie.

Put here the record of an outcome and its form on disk. How it is published stands in `lake.py`.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from cdp_etl.normalize.lake.part_files import PartFolder

SUMMARY_FILE: Final = "summary.json"
ACCEPTED: Final = "accepted"
SUPERSEDED: Final = "superseded"
QUARANTINED: Final = "quarantined"

_SHARE_WORTH_TELLING: Final = 0.2


@dataclass(frozen=True, slots=True)
class NormalizedFile:
    """A file that the dump was read from."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class NormalizedDump:
    """A normalized dump, as it lies in the lake.

    Attributes:
        entity: The entity, by its table's name.
        dump_date: The day the source system delivered.
        directory: Where its Parquet files lie.
        content_fingerprint: Hash of all that bears on the outcome.
        files: What it was read from, in the order of delivery.
        bytes: Their size together.
        records_read: All records.
        accepted: Records that count.
        superseded: Valid records that a later one of the same key took the place of.
        quarantined: Refused records.
        with_warnings: Accepted records that bear a warning.
        records_by_file: Records read from each file.
        reasons: Refused records by reason; one may bear several.
        warning_counts: Accepted records by warning.
        unknown_keys: Accepted and superseded records by key that the contract does not list.
        null_counts: Accepted and superseded records in which a field is absent, by column.
        open_values: Values of open vocabularies, the commonest, with their counts, by column.
        exact_lane_records: Records that the fast lane left to the exact lane.
        exact_lane_causes: Why, first cause of each.
    """

    entity: str
    dump_date: date
    directory: Path
    content_fingerprint: str
    files: tuple[NormalizedFile, ...]
    bytes: int
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    records_by_file: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    warning_counts: dict[str, int] = field(default_factory=dict)
    unknown_keys: dict[str, int] = field(default_factory=dict)
    null_counts: dict[str, int] = field(default_factory=dict)
    open_values: dict[str, dict[str, int]] = field(default_factory=dict)
    exact_lane_records: int = 0
    exact_lane_causes: dict[str, int] = field(default_factory=dict)

    @property
    def accepted_files(self) -> list[Path]:
        """Parquet files of accepted records, in the order of delivery; none where there is none."""
        return PartFolder(self.directory / ACCEPTED).files()

    @property
    def superseded_files(self) -> list[Path]:
        """Parquet files of superseded records."""
        return PartFolder(self.directory / SUPERSEDED).files()

    @property
    def quarantined_files(self) -> list[Path]:
        """Parquet files of refused records."""
        return PartFolder(self.directory / QUARANTINED).files()

    @property
    def exact_lane_note(self) -> str | None:
        """Say that the exact lane judged more than a fifth, and why (RULINGS, "Targets"); None otherwise."""
        if self.exact_lane_records <= self.records_read * _SHARE_WORTH_TELLING:
            return None
        cause, count = max(self.exact_lane_causes.items(), key=lambda item: item[1])
        share = self.exact_lane_records / self.records_read
        return f"the exact lane judged {share:.0%} of the records; the commonest cause ({count}): {cause}"

    def to_json(self) -> str:
        """Give its form on disk; the directory is the one it lies in."""
        told: dict[str, Any] = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"directory", "files"}
        }
        told["dump_date"] = self.dump_date.isoformat()
        told["files"] = [{"path": file.path, "bytes": file.bytes, "sha256": file.sha256} for file in self.files]
        return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, directory: Path) -> "NormalizedDump":
        """Read what `to_json` gave, of the directory it lies in."""
        told: dict[str, Any] = json.loads(text)
        told["dump_date"] = date.fromisoformat(told["dump_date"])
        told["files"] = tuple(NormalizedFile(**file) for file in told["files"])
        return cls(directory=directory, **told)

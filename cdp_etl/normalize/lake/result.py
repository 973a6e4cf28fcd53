"""Result of normalizing a dump: its counts and files, and `summary.json`, which stores them.

`store.py` publishes the result.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from cdp_etl.contract.normalization_settings import LAST_UNRECORDED_RULES
from cdp_etl.normalize.lake.part_files import PartFolder

SUMMARY_FILE: Final = "summary.json"
ACCEPTED: Final = "accepted"
SUPERSEDED: Final = "superseded"
QUARANTINED: Final = "quarantined"

_MIN_SHARE_REPORTED: Final = 0.2
_STORED_KEYS: Final = {
    "reference_path_records": "exact_lane_records",
    "reference_path_causes": "exact_lane_causes",
}
"""Keys of `summary.json` that differ from the attribute. Stored summaries have them, so they stay."""


@dataclass(frozen=True, slots=True)
class NormalizedFile:
    """A file that the dump was read from."""

    path: str
    bytes: int
    sha256: str

    @property
    def order(self) -> None:
        """Place that a manifest declares: unknown here, because the list of files has the order."""
        return


@dataclass(frozen=True, slots=True)
class NormalizedDump:
    """A normalized dump in the lake.

    Attributes:
        entity: The entity, by its table's name.
        dump_date: The day the source system delivered.
        directory: Folder of its Parquet files.
        content_fingerprint: Hash of all inputs of normalization.
        files: The files it was read from, in the order of delivery.
        bytes: Total size of the files.
        records_read: Number of records.
        accepted: Number of accepted records.
        superseded: Number of valid records with a later valid version of the same key.
        quarantined: Number of quarantined records.
        with_warnings: Number of accepted records with a warning.
        records_by_file: Number of records read from each file.
        reasons: Quarantined records by reason; a record may have several.
        warning_counts: Accepted records by warning.
        unknown_keys: Valid records by key that the contract does not list.
        null_counts: Valid records in which a field is absent, by column.
        open_values: Most common values of open vocabularies, with their counts, by column.
        reference_path_records: Number of records that the fast path left to the reference path.
        reference_path_causes: The same by the first cause of each record.
        csv_fields: Contract's names of the columns of each CSV file, '' for a column of no field.
        csv_delimiters: Delimiter of each of these files, if it is not the comma.
        findings: Facts about its files that a person should know, as sentences: what was recognised beyond their
            names, near misses of keys, values that look wrong.
        rules_version: Version of the rules that normalized it.
        parts: Its Parquet files by path relative to `directory`, with size and hash; none in outputs of versions
            before this field. They depend on the size of batches, so equal outputs may differ in them.
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
    reference_path_records: int = 0
    reference_path_causes: dict[str, int] = field(default_factory=dict)
    csv_fields: dict[str, list[str]] = field(default_factory=dict)
    csv_delimiters: dict[str, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    rules_version: int = LAST_UNRECORDED_RULES
    parts: tuple[NormalizedFile, ...] = field(default=(), compare=False)

    @property
    def accepted_files(self) -> list[Path]:
        """Parquet files of accepted records, in the order of delivery."""
        return PartFolder(self.directory / ACCEPTED).files()

    @property
    def superseded_files(self) -> list[Path]:
        """Parquet files of superseded records."""
        return PartFolder(self.directory / SUPERSEDED).files()

    @property
    def quarantined_files(self) -> list[Path]:
        """Parquet files of quarantined records."""
        return PartFolder(self.directory / QUARANTINED).files()

    @property
    def reference_path_note(self) -> str | None:
        """Sentence on the cost if the reference path validated more than a fifth of the records, else None."""
        if self.reference_path_records <= self.records_read * _MIN_SHARE_REPORTED:
            return None
        cause, count = max(self.reference_path_causes.items(), key=lambda item: item[1])
        share = self.reference_path_records / self.records_read
        return f"the reference path validated {share:.0%} of the records; the most common cause ({count}): {cause}"

    def to_json(self) -> str:
        """Return the text of `summary.json`; it does not contain the directory, so that the folder can move."""
        summary: dict[str, Any] = {
            _STORED_KEYS.get(name, name): getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in {"directory", "files", "parts"}
        }
        summary["dump_date"] = self.dump_date.isoformat()
        for name, files in (("files", self.files), ("parts", self.parts)):
            summary[name] = [{"path": one.path, "bytes": one.bytes, "sha256": one.sha256} for one in files]
        return json.dumps(summary, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, directory: Path) -> "NormalizedDump":
        """Parse the text of the `summary.json` in a directory."""
        summary: dict[str, Any] = json.loads(text)
        for name, key in _STORED_KEYS.items():
            if key in summary:
                summary[name] = summary.pop(key)
        summary["dump_date"] = date.fromisoformat(summary["dump_date"])
        for name in ("files", "parts"):
            summary[name] = tuple(NormalizedFile(**file) for file in summary.get(name, ()))
        summary["findings"] = tuple(summary.get("findings", ()))
        return cls(directory=directory, **summary)

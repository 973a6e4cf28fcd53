"""Counts of the records of a dump, collected per batch and added up.

They feed the dump's summary, the report and the drift check.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.reference_path import CUSTOM_FIELD_PREFIX

_OPEN_VOCABULARIES: Final = ("action", "action_status", "event", "service_provider", "source_name")
"""Columns with few distinct values whose vocabulary the contract leaves open ("etc")."""
MAX_VALUES: Final = 200
"""Number of values stored per column: the most common ones."""

OTHER: Final = "other"
"""Name under which keys and reasons beyond the bound are counted."""

MAX_NAME_BYTES: Final = 200
"""Longer keys, reasons and values are not stored by name: a summary is read as a whole, often."""


@dataclass(slots=True)
class RecordCounts:
    """Counts of the records of one or more batches.

    `number_texts` has, by file and field, whether all numbers that were delivered as text look grouped.
    `max_distinct` is the number of names in each count of keys, reasons and warnings. Further names are counted as
    `OTHER`. So the sum of a count is exact; the count of one name is too, unless a batch has more names than that.
    """

    max_distinct: int
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    with_warnings: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    unknown_keys: Counter[str] = field(default_factory=Counter)
    nulls: Counter[str] = field(default_factory=Counter)
    open_values: dict[str, Counter[str]] = field(default_factory=dict)
    records_by_file: Counter[str] = field(default_factory=Counter)
    differing_from_folder: Counter[str] = field(default_factory=Counter)
    csv_fields: dict[str, list[str]] = field(default_factory=dict)
    csv_delimiters: dict[str, str] = field(default_factory=dict)
    number_texts: dict[tuple[str, str], bool] = field(default_factory=dict)
    reference_path_records: int = 0
    reference_path_causes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "RecordCounts") -> None:
        """Add the counts of another batch."""
        self.records += other.records
        self.accepted += other.accepted
        self.quarantined += other.quarantined
        self.with_warnings += other.with_warnings
        self._add(self.reasons, other.reasons)
        self._add(self.warnings, other.warnings)
        self._add(self.unknown_keys, other.unknown_keys)
        self.nulls.update(other.nulls)
        for column, values in other.open_values.items():
            total = self.open_values.setdefault(column, Counter())
            total.update(values)
            if len(total) > 2 * MAX_VALUES:
                self.open_values[column] = Counter(dict(total.most_common(MAX_VALUES)))
        self.records_by_file.update(other.records_by_file)
        self.csv_fields |= other.csv_fields
        self.csv_delimiters |= other.csv_delimiters
        for texts, are_grouped in other.number_texts.items():
            self.number_texts[texts] = self.number_texts.get(texts, True) and are_grouped
        self.differing_from_folder.update(other.differing_from_folder)
        self.reference_path_records += other.reference_path_records
        self._add(self.reference_path_causes, other.reference_path_causes)

    def _add(self, total: Counter[str], counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            self._count(total, name, count)

    def _count(self, total: Counter[str], name: str, count: int) -> None:
        is_named = name in total or (len(total) < self.max_distinct and len(name.encode()) <= MAX_NAME_BYTES)
        total[name if is_named else OTHER] += count

    def count_valid(self, entity: Entity, frame: pl.DataFrame) -> None:
        """Count valid records, given in the lake's columns."""
        self.accepted += len(frame)
        warned = frame.filter(pl.col("warnings").list.len() > 0)["warnings"]
        self.with_warnings += len(warned)
        self._add(self.warnings, dict(warned.explode().value_counts().sort("warnings").iter_rows()))
        for field_ in entity.fields:
            self.nulls[field_.name] += frame[field_.name].null_count()
        for name in _OPEN_VOCABULARIES:
            if name in frame.columns:
                values = frame[name].drop_nulls()
                counts = values.filter(values.str.len_bytes() <= MAX_NAME_BYTES).value_counts(sort=True)
                self.open_values[name] = Counter(dict(counts.head(MAX_VALUES).iter_rows()))

    def count_reasons(self, reasons: Iterable[str], records: int) -> None:
        """Count the reasons of quarantined records that have the same ones."""
        for reason in reasons:
            self._count(self.reasons, reason, records)

    def count_keys(self, key_sets: Iterable[tuple[Iterable[str], int]]) -> None:
        """Count unknown keys; keys of custom fields are known.

        Args:
            key_sets: Sets of keys that the contract does not list, each with its number of records.
        """
        for keys, count in key_sets:
            for key in keys:
                if not key.startswith(CUSTOM_FIELD_PREFIX):
                    self._count(self.unknown_keys, key, count)

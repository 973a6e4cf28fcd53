"""What is counted while a dump is read: one tally a batch, added up for the dump.

Put here counts alone: for the summary, the report, and the check that the schema is stable.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.exact_path import CUSTOM_FIELD_PREFIX

_OPEN_VOCABULARIES: Final = ("action", "action_status", "event", "service_provider", "source_name")
"""Columns whose values the contract leaves open ("etc") and that are few all the same."""
MOST_VALUES: Final = 200
"""How many values of a column are kept: the commonest."""


@dataclass(slots=True)
class Tally:
    """Counts of one batch, or of several."""

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
    exact_lane_records: int = 0
    exact_lane_causes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take in another batch's counts."""
        self.records += other.records
        self.accepted += other.accepted
        self.quarantined += other.quarantined
        self.with_warnings += other.with_warnings
        self.reasons.update(other.reasons)
        self.warnings.update(other.warnings)
        self.unknown_keys.update(other.unknown_keys)
        self.nulls.update(other.nulls)
        for column, values in other.open_values.items():
            kept = self.open_values.setdefault(column, Counter())
            kept.update(values)
            if len(kept) > 2 * MOST_VALUES:
                self.open_values[column] = Counter(dict(kept.most_common(MOST_VALUES)))
        self.records_by_file.update(other.records_by_file)
        self.exact_lane_records += other.exact_lane_records
        self.exact_lane_causes.update(other.exact_lane_causes)

    def count_valid(self, entity: Entity, frame: pl.DataFrame) -> None:
        """Count what is told of valid records, in the lake's columns."""
        self.accepted += len(frame)
        warned = frame.filter(pl.col("warnings").list.len() > 0)["warnings"]
        self.with_warnings += len(warned)
        self.warnings.update(dict(warned.explode().value_counts().iter_rows()))
        for field_ in entity.fields:
            self.nulls[field_.name] += frame[field_.name].null_count()
        for name in _OPEN_VOCABULARIES:
            if name in frame.columns:
                counts = frame[name].drop_nulls().value_counts(sort=True).head(MOST_VALUES)
                self.open_values[name] = Counter(dict(counts.iter_rows()))

    def count_keys(self, key_sets: Iterable[tuple[Iterable[str], int]]) -> None:
        """Count unknown keys, given sets of keys and how many records have each; custom fields are known."""
        for keys, count in key_sets:
            for key in keys:
                if not key.startswith(CUSTOM_FIELD_PREFIX):
                    self.unknown_keys[key] += count

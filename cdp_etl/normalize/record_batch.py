"""Record batch: the interface between the readers of all formats and validation.

`readers/json/rows.py`, `readers/csv/rows.py` and `readers/parquet/rows.py` implement it.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.reference_path import Quarantined

ROW = "row"
"""Column of a frame with the index of each record in the batch, from 0."""

OTHER_KEYS = "other_keys"
"""Column of a frame with the index of each record's set of unknown keys in `ColumnBatch.other_keys`."""

Offsets = npt.NDArray[np.int64]
"""Byte offsets or positions, one per record."""


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """Records of a batch as columns, for the fast path: only those that columns represent without loss.

    Attributes:
        frame: `row`, `other_keys`, `ignored_update_cfs`, a column per field of the entity (by column name), and
            `custom_fields` and `extra_fields` as the reference path writes them. A field is text as delivered, or
            has its own type if the format has types.
        other_keys: Sets of keys that the contract does not list.
        unsupported: Number of records that are not in the frame, by cause.
        number_texts: Numbers that were delivered as text and are numbers in the frame, by column name.
        may_have_marks: False if no text has an invisible mark.
        is_trimmed: True if strings already are as `text_columns.trim_strings` returns them. Timestamps that were
            delivered as text may then be in a separate column (`as_text`).
    """

    frame: pl.DataFrame
    other_keys: list[tuple[str, ...]]
    unsupported: dict[str, int] = field(default_factory=dict)
    number_texts: dict[str, pl.Series] = field(default_factory=dict)
    may_have_marks: bool = True
    is_trimmed: bool = False


class RecordBatch(Protocol):
    """Some records of one file, in the order of delivery."""

    @property
    def file(self) -> str:
        """Path within the dump."""

    @property
    def positions(self) -> Offsets:
        """Line, row or element of each record, from 1."""

    def raw(self, row: int) -> bytes:
        """Return a record's bytes as delivered."""

    def record(self, row: int) -> dict[str, Any] | Quarantined:
        """Return a record for the reference path, or the reason if there is nothing to validate.

        Raises:
            DumpUnreadableError: If such a record makes the whole file invalid.
        """

    def columns(self) -> ColumnBatch:
        """Return the records that the fast path may support."""


def as_text(name: str) -> str:
    """Return the name of the column with the values of a field that were delivered as text."""
    return f"{name} as text"


def empty_columns(entity: Entity, unsupported: dict[str, int]) -> ColumnBatch:
    """Return a batch without records."""
    names = [*(field.name for field in entity.fields), "ignored_update_cfs", "custom_fields", "extra_fields"]
    schema = {ROW: pl.Int64(), OTHER_KEYS: pl.Int64()} | dict.fromkeys(names, pl.String())
    return ColumnBatch(pl.DataFrame(schema=schema), [()], unsupported)

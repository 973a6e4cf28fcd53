"""What every decoder gives the lanes: a batch of records of one file, in the order of delivery.

Put here the shape alone; `json_rows.py`, `csv_rows.py` and `parquet_rows.py` fill it.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.exact_path import Refused
from cdp_etl.normalize.readers.byte_slices import Offsets

ROW = "row"
"""The column of a frame that says which record of the batch a row is, from 0."""

OTHER_KEYS = "other_keys"
"""The column that says which unknown keys a record has, as an index into `Columns.other_keys`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Records of a batch as columns, for the fast lane: only those that can be seen so without loss.

    Attributes:
        frame: `row`, `other_keys`, a column per field of the entity (by column name), `ignored_update_cfs`,
            and as the exact lane would write them `custom_fields` and `extra_fields`. A field is text as
            delivered, or in the field's own type where the format has types.
        other_keys: Sets of keys that the contract does not list.
        left: How many records are not in the frame, by cause.
        is_trimmed: Whether texts are as `text_columns.trimmed_texts` gives them already. Moments that were
            delivered as texts may then stand in a column beside their field's (`as_text`).
    """

    frame: pl.DataFrame
    other_keys: list[tuple[str, ...]]
    left: dict[str, int] = field(default_factory=dict)
    is_trimmed: bool = False


class Rows(Protocol):
    """A batch of records."""

    @property
    def file(self) -> str:
        """Path within the dump."""

    @property
    def positions(self) -> Offsets:
        """Line, row or element of each record, from 1."""

    def raw(self, row: int) -> bytes:
        """Give a record's bytes as delivered."""

    def record(self, row: int) -> dict[str, Any] | Refused:
        """Give a record as the exact lane judges it, or why it cannot be judged.

        Raises:
            DumpUnreadableError: where the format allows no such record.
        """

    def columns(self) -> Columns:
        """Give the records that the fast lane may look at."""


def as_text(name: str) -> str:
    """Give the column beside a field's own that holds what is to be read from texts."""
    return f"{name} as text"


def empty_columns(entity: Entity, left: dict[str, int]) -> Columns:
    """Give no records."""
    names = [*(field.name for field in entity.fields), "ignored_update_cfs", "custom_fields", "extra_fields"]
    schema = {ROW: pl.Int64(), OTHER_KEYS: pl.Int64()} | dict.fromkeys(names, pl.String())
    return Columns(pl.DataFrame(schema=schema), [()], left)

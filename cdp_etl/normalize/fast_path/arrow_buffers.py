"""Arrow buffers of columns: arrays for compiled code, and columns built from buffers it has filled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TextBuffers:
    """Buffers of a string column; null values have no bytes.

    Attributes:
        data: The bytes of all values.
        offsets: Offset of each value in `data`, and the end of the last one.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.offsets) - 1

    @property
    def data_bytes(self) -> int:
        """Number of bytes of all values."""
        return int(self.offsets[-1] - self.offsets[0])


def text_buffers(strings: pl.Series) -> TextBuffers:
    """Return the buffers of a string column, as arrays that keep the memory alive."""
    array = strings.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    assert offsets is not None  # noqa: S101 - a string column always has offsets
    return TextBuffers(
        np.frombuffer(memoryview(data or b""), np.uint8),
        np.frombuffer(memoryview(offsets), np.int64)[array.offset : array.offset + len(array) + 1],
    )


def text_series(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], is_valid: npt.NDArray[np.bool_]
) -> pl.Series:
    """Build a string column from offsets and consecutive bytes."""
    parts = [validity_bitmap(is_valid), as_buffer(offsets), as_buffer(data)]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), len(is_valid), parts))


def validity_bitmap(is_valid: npt.NDArray[np.bool_]) -> pa.Buffer | None:
    """Return Arrow's validity bitmap, or None if no value is null."""
    return None if is_valid.all() else as_buffer(np.packbits(is_valid, bitorder="little"))


def as_buffer(array: npt.NDArray[Any]) -> pa.Buffer:
    """Return an array's memory as an Arrow buffer."""
    return pa.py_buffer(array.data)

"""Arrow buffers of columns: addresses for compiled code, and columns built from buffers it has filled."""

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
        count: Number of values.
        data: Address of the bytes of all values.
        offsets: Address of the `count + 1` offsets of the values in `data`.
        size: Number of bytes.
        owner: Object that keeps the memory alive.
    """

    count: int
    data: int
    offsets: int
    size: int
    owner: Any


def text_buffers(strings: pl.Series) -> TextBuffers:
    """Return the buffers of a string column."""
    array = strings.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    assert offsets is not None  # noqa: S101 - a string column always has offsets
    first = offsets.address + 8 * array.offset
    ends = np.frombuffer(memoryview(offsets), np.int64)
    size = int(ends[array.offset + len(array)] - ends[array.offset]) if len(array) else 0
    return TextBuffers(len(array), data.address if data is not None else 0, first, size, array)


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

"""Columns as compiled code sees them: stretches of memory, of texts one of bytes and one of where each begins.

Put here how a column gets there and back. What is done with the memory stands in `scan`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TextMemory:
    """The texts of a column; null ones have no bytes.

    Attributes:
        count: How many there are.
        codes: Address of their bytes.
        offsets: Address of where each begins, and where the last one ends.
        size: How many bytes they are.
        kept: What holds the memory.
    """

    count: int
    codes: int
    offsets: int
    size: int
    kept: Any


def memory_of(texts: pl.Series) -> TextMemory:
    """Give where the texts of a column are."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, codes = array.buffers()
    assert offsets is not None  # noqa: S101 - texts always have some
    first = offsets.address + 8 * array.offset
    ends = np.frombuffer(memoryview(offsets), np.int64)
    size = int(ends[array.offset + len(array)] - ends[array.offset]) if len(array) else 0
    return TextMemory(len(array), codes.address if codes is not None else 0, first, size, array)


def texts_at(
    offsets: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8], is_there: npt.NDArray[np.bool_]
) -> pl.Series:
    """Give a column of the texts that were written one behind the other."""
    parts = [bits_of(is_there), buffer_of(offsets), buffer_of(codes)]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), len(is_there), parts))


def bits_of(is_there: npt.NDArray[np.bool_]) -> pa.Buffer | None:
    """Give Arrow's bits of what is not null; None where nothing is."""
    return None if is_there.all() else buffer_of(np.packbits(is_there, bitorder="little"))


def buffer_of(array: npt.NDArray[Any]) -> pa.Buffer:
    """Give an array's memory to Arrow."""
    return pa.py_buffer(array.data)

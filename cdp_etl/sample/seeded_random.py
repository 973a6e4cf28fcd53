"""Counter-based random numbers: each depends only on its subject, not on earlier draws.

A draw hashes the seed, a stream name, coordinates (such as day and position) and the draw's own name. So each row
of each day has the same values in any order and in batches of any size. All arithmetic is on integers, because
floating-point results may differ by platform.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_HALF: Final = np.uint64(32)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))


class Draws:
    """Draws for many subjects at once: one subject per element of the coordinates.

    Args:
        seed: Seed of the whole sample.
        stream: Name that separates the draws of one kind of subject from those of another.
        coordinates: Arrays of equal length that identify the subjects.
    """

    def __init__(self, seed: int, stream: str, *coordinates: IntArray) -> None:
        state = np.full(coordinates[0].shape, _salt(f"{seed}/{stream}"), dtype=np.uint64)
        for coordinate in coordinates:
            state = _mixed(state + coordinate.astype(np.uint64) * _GOLDEN)
        self._state = state

    def bits(self, name: str) -> NDArray[np.uint64]:
        """Return 64 random bits for each subject."""
        return _mixed(self._state ^ np.uint64(_salt(name)))

    def below(self, name: str, limit: int | IntArray) -> IntArray:
        """Return an integer in [0, limit) for each subject. The limit must be less than 2^31."""
        return ((self.bits(name) >> _HALF) * np.asarray(limit, dtype=np.uint64) >> _HALF).astype(np.int64)

    def chance(self, name: str, share: float) -> BoolArray:
        """Return true for the given share of the subjects."""
        return self.below(name, 1_000_000) < round(share * 1_000_000)

    def weighted(self, name: str, weights: Sequence[int] | IntArray) -> IntArray:
        """Return an index into the weights for each subject, with frequencies proportional to the weights."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(bounds, self.below(name, int(bounds[-1])), side="right").astype(np.int64)


def zipf_weights(count: int, flatness: int) -> IntArray:
    """Return weights proportional to 1 / (rank + flatness). Their sum is below the limit of `Draws.weighted`."""
    return 1_000_000 * flatness // (np.arange(count, dtype=np.int64) + flatness) + 1


def _salt(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Apply the splitmix64 finalizer. Unsigned arrays wrap around by definition."""
    state = state + _GOLDEN
    state = (state ^ (state >> _SHIFTS[0])) * _FIRST
    state = (state ^ (state >> _SHIFTS[1])) * _SECOND
    return state ^ (state >> _SHIFTS[2])


def pick(pool: Sequence[str], index: IntArray) -> pl.Series:
    """Return the pool's text at each index."""
    return pl.Series(pool, dtype=pl.String).gather(index)


def null_unless(series: pl.Series, mask: BoolArray) -> pl.Series:
    """Return the series with null for each row that the mask excludes."""
    return pl.select(pl.when(pl.Series(mask)).then(series)).to_series()


def constant(text: str, rows: int) -> pl.Series:
    """Return the same text for every row."""
    return pick((text,), np.zeros(rows, dtype=np.int64))

"""Random numbers that are a function of what they are drawn for, not of how many were drawn before.

A draw hashes the seed, a stream's name, coordinates (such as day and position) and the draw's own name. So any row
of any day can be made alone, in any order and in batches of any size, and comes out the same. All arithmetic is on
integers: no platform rounds it otherwise. Put no meaning here: what is drawn stands with its subject.
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
    """The draws of many subjects at once: one subject for each element of the coordinates.

    Args:
        seed: The seed of the whole sample.
        stream: Keeps the draws of one kind of subject apart from another's.
        coordinates: What tells the subjects apart; arrays of one length.
    """

    def __init__(self, seed: int, stream: str, *coordinates: IntArray) -> None:
        state = np.full(coordinates[0].shape, _salt(f"{seed}/{stream}"), dtype=np.uint64)
        for coordinate in coordinates:
            state = _mixed(state + coordinate.astype(np.uint64) * _GOLDEN)
        self._state = state

    def bits(self, name: str) -> NDArray[np.uint64]:
        """Give 64 random bits each."""
        return _mixed(self._state ^ np.uint64(_salt(name)))

    def below(self, name: str, limit: int | IntArray) -> IntArray:
        """Give an integer each, from 0 to below the limit, which is less than 2^31."""
        return ((self.bits(name) >> _HALF) * np.asarray(limit, dtype=np.uint64) >> _HALF).astype(np.int64)

    def chance(self, name: str, share: float) -> BoolArray:
        """Say yes for that share of the subjects."""
        return self.below(name, 1_000_000) < round(share * 1_000_000)

    def weighted(self, name: str, weights: Sequence[int] | IntArray) -> IntArray:
        """Give the index of one of the weights each, as often as they say."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(bounds, self.below(name, int(bounds[-1])), side="right").astype(np.int64)


def zipf_weights(count: int, flatness: int) -> IntArray:
    """Give weights that fall as 1 / (rank + flatness), their sum small enough for `Draws.weighted`."""
    return 1_000_000 * flatness // (np.arange(count, dtype=np.int64) + flatness) + 1


def _salt(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finish a hash as splitmix64 does; unsigned arrays wrap around by definition."""
    state = state + _GOLDEN
    state = (state ^ (state >> _SHIFTS[0])) * _FIRST
    state = (state ^ (state >> _SHIFTS[1])) * _SECOND
    return state ^ (state >> _SHIFTS[2])


def pick(pool: Sequence[str], index: IntArray) -> pl.Series:
    """Give the pool's text at each index."""
    return pl.Series(pool, dtype=pl.String).gather(index)


def null_unless(series: pl.Series, mask: BoolArray) -> pl.Series:
    """Give the series with null where the mask does not hold."""
    return pl.select(pl.when(pl.Series(mask)).then(series)).to_series()


def constant(text: str, rows: int) -> pl.Series:
    """Give the same text for every row."""
    return pick((text,), np.zeros(rows, dtype=np.int64))

"""The two steps from drawn numbers to columns: pick from a pool, and leave out where a mask says so."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import Integers, Mask


def picked(pool: Sequence[str], index: Integers) -> pl.Series:
    """Give the pool's text at each index."""
    return pl.Series(pool, dtype=pl.String).gather(index)


def kept(series: pl.Series, mask: Mask) -> pl.Series:
    """Give the series with null where the mask does not hold."""
    return pl.select(pl.when(pl.Series(mask)).then(series)).to_series()


def constant(text: str, rows: int) -> pl.Series:
    """Give the same text for every row."""
    return picked((text,), np.zeros(rows, dtype=np.int64))

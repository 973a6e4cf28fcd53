"""Columns of lists, put together from columns of single texts.

Put here how, and nothing of what the texts mean.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa


def lists_of(columns: Sequence[pl.Series]) -> pl.Series:
    """Give for each row the list of what the columns hold, in their order, without nulls.

    `concat_list` does the same; it costs five times as much, for it makes the list of nulls too.
    """
    is_there = np.stack([column.is_not_null().to_numpy() for column in columns], axis=1)
    places = np.flatnonzero(is_there)
    rows, numbers = np.divmod(places, len(columns))
    texts = pl.concat([column.alias("texts") for column in columns]).gather(numbers * len(is_there) + rows)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_there.sum(axis=1))])
    values = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    return pl.Series(pa.LargeListArray.from_arrays(pa.array(offsets), values))

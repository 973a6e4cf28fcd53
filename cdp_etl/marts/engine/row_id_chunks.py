"""Row-id chunks: a lookup in a mart of more than 67 million rows reads its row ids range by range.

DuckDB 2.0.0 filters row ids exactly, by a bitmap, if they lie within 2**26 rows. Beyond, it uses a Bloom filter
with a false-positive rate of about 1 in 200, which reads every column of almost every 2,048-row vector.

To remove the chunks, delete this module, `Mart.row_id_chunks` and the parameter `row_id_chunks` of the lookups.
"""

from collections.abc import Sequence

MAX_EXACT_ROW_IDS = 2**26
"""Length of a range of row ids that DuckDB 2.0.0 filters exactly."""

LARGE_MART_ROW_ID_CHUNKS = 8
"""Chunks of the marts that grow with the history: half a billion rows, and all further ones in the last chunk."""


def chunk_conditions(row_id_chunks: int) -> Sequence[str]:
    """Return a condition on `{row_id}` for each chunk; every row id meets exactly one.

    A single chunk has no bound: with an unnecessary bound DuckDB estimates fewer rows and swaps the sides of joins
    (decision 0048).
    """
    if row_id_chunks == 1:
        return ["true"]
    starts = [number * MAX_EXACT_ROW_IDS for number in range(row_id_chunks)]
    return [
        *(f"{{row_id}} BETWEEN {start} AND {start + MAX_EXACT_ROW_IDS - 1}" for start in starts[:-1]),
        f"{{row_id}} >= {starts[-1]}",
    ]

"""Lists of columns contain the values that are not null, in the order of the columns."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize.fast_path.text_columns import collect_lists


@given(st.lists(st.tuples(*[st.none() | st.text(max_size=15)] * 3)))
def test_lists_contain_the_values_of_their_row_without_nulls(rows: list[tuple[Any, ...]]) -> None:
    columns = [pl.Series(str(number), [row[number] for row in rows], pl.String()) for number in range(3)]

    assert collect_lists(columns).to_list() == [[text for text in row if text is not None] for row in rows]

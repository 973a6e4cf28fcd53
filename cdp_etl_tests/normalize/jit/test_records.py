"""What compiled code computes, held against Python's own."""

import hashlib
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_etl.normalize.derive import key_hashes
from cdp_etl.normalize.fast_path.text_columns import collect_lists
from cdp_etl.normalize.jit.utf8 import first_fault

unhurried = settings(deadline=None)
"""The first example waits for numba."""

near_utf8 = st.one_of(
    st.binary(max_size=12),
    st.lists(st.sampled_from([0x41, 0x80, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0x8F, 0x90])).map(bytes),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


def fault_by_python(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


@unhurried
@given(near_utf8, st.integers(0, 9))
def test_the_first_fault_in_utf8_is_where_python_finds_it(content: bytes, ahead: int) -> None:
    delivered = b"x" * ahead + content
    codes = np.frombuffer(delivered, np.uint8)

    assert first_fault(codes.ctypes.data, 0, len(codes)) == fault_by_python(delivered)


@unhurried
@given(st.lists(st.text(max_size=150).map(lambda text: text.encode("utf-8", "ignore").decode())))
def test_keys_are_hashed_as_md5_has_it(keys: list[str]) -> None:
    expected = [int.from_bytes(hashlib.md5(key.encode()).digest()[8:], "little") for key in keys]  # noqa: S324 - no secret

    assert key_hashes(pl.Series(keys, dtype=pl.String())).to_list() == expected


@unhurried
@given(st.lists(st.tuples(*[st.none() | st.text(max_size=15)] * 3)))
def test_lists_are_of_what_is_there_in_its_order(rows: list[tuple[Any, ...]]) -> None:
    columns = [pl.Series(str(number), [row[number] for row in rows], pl.String()) for number in range(3)]

    assert collect_lists(columns).to_list() == [[text for text in row if text is not None] for row in rows]

"""Records that are not UTF-8 are found where Python finds the invalid byte."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize import errors
from cdp_etl.normalize.readers import byte_slices
from cdp_etl.normalize.readers.byte_slices import RecordSlices, first_invalid_utf8, quarantine_invalid_utf8

NEAR_UTF8 = st.one_of(
    st.binary(max_size=12),
    st.lists(st.sampled_from([0x41, 0x80, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0x8F, 0x90])).map(bytes),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def first_invalid_by_python(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


@given(NEAR_UTF8, st.integers(0, 9))
def test_the_first_invalid_byte_is_where_python_finds_it(content: bytes, ahead: int) -> None:
    delivered = b"x" * ahead + content

    assert first_invalid_utf8(delivered, 0, len(delivered)) == first_invalid_by_python(delivered)


@given(NEAR_UTF8, st.integers(0, 9))
def test_a_character_may_cross_the_end_of_a_decoded_block(content: bytes, before: int) -> None:
    delivered = b"x" * (byte_slices._DECODED_BYTES - before) + content + b"x" * 9  # noqa: SLF001 - its size matters

    assert first_invalid_utf8(delivered, 0, len(delivered)) == first_invalid_by_python(delivered)


@given(st.lists(NEAR_UTF8.map(lambda content: content.replace(b"\n", b"")), max_size=8))
def test_exactly_the_records_that_are_not_utf8_are_quarantined(lines: list[bytes]) -> None:
    ends = np.cumsum([len(line) + 1 for line in lines], dtype=np.int64) - 1
    starts = np.array([0, *(ends[:-1] + 1)][: len(lines)], np.int64)
    slices = RecordSlices("a.ndjson", b"\n".join(lines), starts, ends, starts)

    quarantine_invalid_utf8(slices)

    assert slices.quarantined == {row: errors.NOT_UTF8 for row, line in enumerate(lines) if not is_utf8(line)}

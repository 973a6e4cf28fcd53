"""Texts of JSON objects, one a cell, written anew: the custom fields of CSV and Parquet files.

Put here a column of them. How a value is written stands in `canonical.py`.
"""

from cdp_etl.normalize.jit.canonical_json import write_value
from cdp_etl.normalize.jit.compile import entry
from cdp_etl.normalize.jit.raw_memory import byte_at, put_byte, put_word, word_at
from cdp_etl.normalize.jit.tokens import OPEN_OBJECT, behind_blanks


@entry
def write_objects(
    codes: int, offsets: int, count: int, written: int, ends: int, is_written: int, work: int
) -> int:
    """Write each text that is an object as `strict_json.write` would; give how many bytes they are.

    Args:
        codes: Address of the texts, one behind the other.
        offsets: Address of where each begins, and where the last one ends.
        count: How many there are.
        written: Address of as many bytes as the texts have, and one more, that are filled.
        ends: Address of numbers: where what is written of each text ends.
        is_written: Address of bytes: 1 for each text that is an object and was written.
        work: Address of `canonical.SPACE_NEEDED` numbers to work with.
    """
    to = 0
    for text in range(count):
        start, end = word_at(offsets, text), word_at(offsets, text + 1)
        at = behind_blanks(codes, start, end)
        if at < end and byte_at(codes, at) == OPEN_OBJECT:
            beyond, stop = write_value(codes, at, end, written, to, work)
            if beyond >= 0 and behind_blanks(codes, beyond, end) == end:
                to = stop
                put_byte(is_written, text, 1)
        put_word(ends, text, to)
    return to

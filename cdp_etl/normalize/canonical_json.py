"""Which JSON texts DuckDB writes exactly as `strict_json` would, so that the fast lane may keep them.

DuckDB prints numbers anew, keeps repeated keys and accepts what is no JSON. Put here how its output is held
against the delivered text; whatever is not plainly the same goes to the exact lane.
"""

from typing import Final

import duckdb
import polars as pl

_TEXT: Final = r'"[^"\\]*"'
_SCALAR: Final = rf"(?:{_TEXT}|-?[0-9]{{1,18}}|-?[0-9]{{1,15}}\.[0-9]{{1,15}}|true|false|null)"
_VALUE: Final = rf"(?:{_SCALAR}|\[(?:{_SCALAR}(?:,{_SCALAR})*)?\])"
_MEMBER: Final = rf"{_TEXT}:{_VALUE}"
_FLAT: Final = rf"^(?:{_VALUE}|\{{(?:{_MEMBER}(?:,{_MEMBER})*)?\}})$"
"""A scalar, or an array or object of them, without escapes."""

TRAILING_COMMA: Final = r",[ \t\n\r]*[}\]]"
"""What DuckDB reads and strict JSON does not, or a text that looks so."""

_FRACTION: Final = r"(?:^|[:,\[])-?[0-9]+\.[0-9]"


def is_canonical(
    connection: duckdb.DuckDBPyConnection, written: pl.Series, whole: pl.Series, key: str | None
) -> pl.Series:
    """Say of each JSON text, as DuckDB wrote it, whether `strict_json` would write the delivered value so.

    Args:
        connection: A connection of this thread.
        written: The texts; null gives null.
        whole: The delivered text that each was written from, or is a member of.
        key: The key of that member; None where the text is the whole.

    Numbers with a fraction count only where the delivered text holds the written one to its last character.
    """
    has_fraction = written.str.contains(_FRACTION)
    is_flat = written.str.contains(_FLAT)
    if has_fraction.any():
        is_same = written == whole if key is None else _stands_in(written, whole, key)
        is_flat = is_flat & (~has_fraction | is_same)
    is_object = written.str.starts_with("{") & is_flat
    if is_object.any():
        is_flat = is_flat & ~(is_object & _repeats_a_key(connection, written, is_object))
    return is_flat


def _stands_in(written: pl.Series, whole: pl.Series, key: str) -> pl.Series:
    """Say whether a text is the value of the only member of this key, whether members are spaced or not."""
    frame = pl.DataFrame({"written": written, "whole": whole})
    compact = pl.col("whole").str.replace_all('": ', '":', literal=True).str.replace_all(', "', ',"', literal=True)
    is_once = pl.col("whole").str.count_matches(f'"{key}"', literal=True) == 1
    is_there = [
        compact.str.contains(pl.concat_str(pl.lit(f'"{key}":'), "written", pl.lit(end)), literal=True)
        for end in (",", "}")
    ]
    return frame.select(is_once & pl.any_horizontal(is_there)).to_series()


def _repeats_a_key(connection: duckdb.DuckDBPyConnection, written: pl.Series, is_object: pl.Series) -> pl.Series:
    objects = pl.DataFrame({"written": written.filter(is_object)})
    connection.register("objects", objects)
    keys = connection.sql("SELECT json_keys(written) AS keys FROM objects").pl()["keys"]
    connection.unregister("objects")
    repeats = keys.list.len() != keys.list.n_unique()
    result = pl.Series([False]).new_from_index(0, len(written))
    return result.scatter(is_object.arg_true(), repeats)

"""JSON texts as columns, tokenised by DuckDB, for the fast lane.

DuckDB loses what makes some records special: the type of a value, repeated keys, how a number was written. Put
here what finds those records and leaves them to the exact lane.
"""

import json
import re
from collections import Counter
from typing import Final

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.canonical_json import TRAILING_COMMA, is_canonical
from cdp_etl.normalize.envelope import IGNORED_UPDATE_CFS, Envelope
from cdp_etl.normalize.exact_lane import CUSTOM_FIELD_PREFIX
from cdp_etl.normalize.rows import OTHER_KEYS, ROW, Columns, empty_columns
from cdp_etl.normalize.text_columns import is_blank
from cdp_etl.normalize.texts import Texts

_SEPARATOR: Final = "\x1f"
_INLINE_BYTES: Final = 12
"""An Arrow string view holds texts up to this length itself; no good record is as short."""
_MOST_OTHER_KEYS: Final = 64
"""Unknown keys that are read by columns in one batch; records with more go to the exact lane."""
_OBJECT: Final = 0x7B
_IGNORED: Final = "ignored_update_cfs"

_PLAIN_KEY: Final = re.compile(r'[^"\\\x00-\x1f]+')
_UNSURE_TEXT: Final = r"^(?:-?[0-9]+[.eE]|-?[0-9]{19}|-0|true$|false$|-?NaN$|-?Inf|[\[{])"
"""How texts begin that a JSON string and a JSON value of another type may both come out as."""
_UNSURE_ITEM: Final = r"^(?:-?[0-9]+[.eE]|-?[0-9]{19}|-0|true$|false$|-?NaN$|-?Inf|\{)"
_ZERO_FRACTION: Final = r"^-?[0-9]+\.0$"

_WHOLE: Final = frozenset({ContractType.INTEGER, ContractType.LONG, ContractType.TIMESTAMP})
_UNSURE: Final = {ContractType.STRING: _UNSURE_TEXT, ContractType.LIST: _UNSURE_ITEM} | dict.fromkeys(
    _WHOLE, _ZERO_FRACTION
)


def json_columns(entity: Entity, texts: Texts, connection: duckdb.DuckDBPyConnection) -> Columns:
    """Give the records that are plain JSON objects as columns of text."""
    lines = _lines(entity, texts)
    left = Counter({"record: not a plain JSON object": len(texts) - len(lines)})
    lines, others = _with_keys(entity, lines, connection, left)
    if lines.is_empty():
        return empty_columns(entity, dict(left))
    names = list(dict.fromkeys(name for keys in others for name in keys))
    frame = _transformed(entity, lines, names, connection)
    frame = _of_sure_types(entity, frame, connection, left)
    frame = _with_other_fields(frame, names, others, connection, left)
    if texts.envelope is not None:
        frame = _with_envelopes(frame, texts, left)
    return Columns(frame.drop("line"), others, dict(left))


def _lines(entity: Entity, texts: Texts) -> pl.DataFrame:
    """Give the texts that may be plain objects, as strings that are views of the delivered bytes."""
    lengths = texts.ends - texts.starts
    codes = np.frombuffer(texts.buffer, np.uint8)
    good = lengths > _INLINE_BYTES
    good &= codes[np.where(good, texts.starts, 0)] == _OBJECT if len(codes) else False
    good[list(texts.refused)] = False
    if texts.envelope is not None:
        told_plainly = np.array([*(_is_plain(entity, envelope) for envelope in texts.envelopes), True])
        good &= told_plainly[texts.envelope]
    rows = np.flatnonzero(good)
    starts = texts.starts[rows]
    views = np.zeros((len(rows), 4), np.uint32)
    views[:, 0] = lengths[rows]
    views[:, 1] = codes[starts[:, None] + np.arange(4)].copy().view(np.uint32).reshape(-1)
    views[:, 3] = starts
    buffers = [None, pa.py_buffer(views.tobytes()), pa.py_buffer(texts.buffer)]
    line = pl.Series("line", pa.Array.from_buffers(pa.string_view(), len(rows), buffers))
    frame = pl.DataFrame({ROW: rows, "line": line}, schema_overrides={ROW: pl.Int64()})
    return frame.filter(~pl.col("line").str.contains(TRAILING_COMMA))


def _is_plain(entity: Entity, envelope: Envelope) -> bool:
    """Say whether what an envelope says can be put into columns."""
    return (
        envelope.is_of(entity)
        and isinstance(envelope.source, str | None)
        and isinstance(envelope.ignored, list | None)
        and all(isinstance(name, str) for name in envelope.ignored or ())
    )


def _with_keys(
    entity: Entity, lines: pl.DataFrame, connection: duckdb.DuckDBPyConnection, left: Counter[str]
) -> tuple[pl.DataFrame, list[tuple[str, ...]]]:
    """Give the lines that are valid and repeat no key, with an index of the unknown keys that they hold."""
    connection.register("lines", lines)
    keyed = connection.sql(
        f"SELECT {ROW}, array_to_string(keys, chr(31)) AS signature, len(keys)::BIGINT AS keys "
        f"FROM (SELECT {ROW}, json_keys(line) AS keys FROM lines WHERE json_valid(line))"
    ).pl()
    connection.unregister("lines")
    left["record: malformed JSON"] += len(lines) - len(keyed)
    known = {*entity.by_contract_name, IGNORED_UPDATE_CFS}
    taken = {name.lower(): name for name in known}
    sets: dict[tuple[str, ...], int] = {}
    distinct = keyed.select("signature", "keys").unique(maintain_order=True)
    indexes: list[int | None] = []
    for signature, count in distinct.iter_rows():
        keys = tuple(signature.split(_SEPARATOR))
        unknown = tuple(key for key in keys if key not in known)
        is_plain = len(set(keys)) == len(keys) == count and _take(taken, unknown, len(known) + _MOST_OTHER_KEYS)
        indexes.append(sets.setdefault(unknown, len(sets)) if is_plain else None)
    distinct = distinct.with_columns(pl.Series(OTHER_KEYS, indexes, pl.Int64()))
    keyed = keyed.join(distinct, on=["signature", "keys"], maintain_order="left").drop("signature", "keys")
    keyed = keyed.drop_nulls(OTHER_KEYS)
    left["record: keys repeated, or too odd"] += len(lines) - len(keyed) - left["record: malformed JSON"]
    return keyed.join(lines, on=ROW, maintain_order="left"), list(sets)


def _take(taken: dict[str, str], unknown: tuple[str, ...], most: int) -> bool:
    """Make room for unknown keys among the columns; say whether there is.

    DuckDB holds two names for one where they differ in case only.
    """
    for key in unknown:
        if taken.get(key.lower()) == key:
            continue
        if not _PLAIN_KEY.fullmatch(key) or taken.get(key.lower(), key) != key or len(taken) >= most:
            return False
        taken[key.lower()] = key
    return True


def _transformed(
    entity: Entity, lines: pl.DataFrame, others: list[str], connection: duckdb.DuckDBPyConnection
) -> pl.DataFrame:
    """Give a column of text per field, and one of JSON per unknown key."""
    names = [*(field.contract_name for field in entity.fields), IGNORED_UPDATE_CFS]
    spec = json.dumps(dict.fromkeys(names, "VARCHAR") | dict.fromkeys(others, "JSON"), ensure_ascii=False)
    connection.register("lines", lines)
    values = connection.sql("SELECT json_transform(line, $spec) AS fields FROM lines", params={"spec": spec}).pl()
    connection.unregister("lines")
    columns = [*(field.name for field in entity.fields), _IGNORED, *map(_other, range(len(others)))]
    return lines.hstack(values["fields"].struct.rename_fields(columns).struct.unnest().get_columns())


def _other(number: int) -> str:
    return f"other {number}"


def _of_sure_types(
    entity: Entity, frame: pl.DataFrame, connection: duckdb.DuckDBPyConnection, left: Counter[str]
) -> pl.DataFrame:
    """Leave out records with a value whose type its text does not tell, unless a look at the type does."""
    keys = {field.name: (field.contract_name, field.column.type) for field in entity.fields}
    keys[_IGNORED] = (IGNORED_UPDATE_CFS, ContractType.LIST)
    is_left = _false(len(frame))
    for name, (key, kind) in keys.items():
        if kind not in _UNSURE:
            continue
        unsure = frame[name].str.contains(_UNSURE[kind]).fill_null(value=False)
        if not unsure.any():
            continue
        places = unsure.arg_true()
        part = frame.select("line", name)[places]
        wrong = _is_rounded(part, name, key) if kind in _WHOLE else _is_no_text(part, key, connection)
        left[f"{key}: of a type that is not plain"] += int(wrong.sum())
        is_left |= _false(len(frame)).scatter(places, wrong)
    return frame.filter(~is_left)


def _false(length: int) -> pl.Series:
    return pl.Series([False]).new_from_index(0, length)


def _is_no_text(frame: pl.DataFrame, key: str, connection: duckdb.DuckDBPyConnection) -> pl.Series:
    connection.register("lines", frame.select("line"))
    types = connection.sql("SELECT json_type(line, $path) AS type FROM lines", params={"path": f'$."{key}"'}).pl()[
        "type"
    ]
    connection.unregister("lines")
    is_no_text: pl.Series = (types != "VARCHAR").fill_null(value=True)
    return is_no_text


def _is_rounded(frame: pl.DataFrame, name: str, key: str) -> pl.Series:
    """Say where a zero fraction may not have been delivered as one: DuckDB writes 6.9999999999999999 as 7.0."""
    delivered = pl.col("line").str.extract(rf'"{key}"[ \t\n\r]*:[ \t\n\r]*"?(-?[0-9]+\.0)0*"?[ \t\n\r]*[,}}]')
    is_once = pl.col("line").str.count_matches(f'"{key}"', literal=True) == 1
    return frame.select((~(is_once & (delivered == pl.col(name)))).fill_null(value=True)).to_series()


def _with_other_fields(
    frame: pl.DataFrame,
    names: list[str],
    others: list[tuple[str, ...]],
    connection: duckdb.DuckDBPyConnection,
    left: Counter[str],
) -> pl.DataFrame:
    """Put the values of unknown keys together as `custom_fields` and `extra_fields`, in the order of delivery."""
    columns = {name: _other(number) for number, name in enumerate(names)}
    is_kept = ~_false(len(frame))
    for name, column in columns.items():
        values = frame[column]
        is_plain = values.is_null() | is_canonical(connection, values, frame["line"], name)
        if name.startswith(CUSTOM_FIELD_PREFIX):
            is_plain &= values.is_null() | values.str.starts_with("{")
        is_plain = is_plain.fill_null(value=True)
        left[f"{name}: not written plainly"] += int((~is_plain).sum())
        is_kept &= is_plain
    frame = frame.filter(is_kept)
    parts = []
    narrow = frame.select(ROW, OTHER_KEYS, *columns.values())
    for (index,), part in narrow.partition_by(OTHER_KEYS, as_dict=True).items():
        keys = others[index]
        parts.append(
            part.select(
                ROW,
                _written([key for key in keys if key.startswith(CUSTOM_FIELD_PREFIX)], columns, "custom_fields"),
                _written(
                    [key for key in keys if not key.startswith(CUSTOM_FIELD_PREFIX)], columns, "extra_fields"
                ),
            )
        )
    written = pl.concat(
        [narrow.select(ROW).with_columns(_nothing("custom_fields"), _nothing("extra_fields")).clear(), *parts]
    )
    return frame.drop(columns.values()).join(written, on=ROW, maintain_order="left")


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, pl.String()).alias(name)


def _written(keys: list[str], columns: dict[str, str], name: str) -> pl.Expr:
    if not keys:
        return _nothing(name)
    members: list[pl.Expr] = []
    for number, key in enumerate(keys):
        members += [pl.lit(f'{"," if number else "{"}"{key}":'), pl.col(columns[key]).fill_null("null")]
    return pl.concat_str(*members, pl.lit("}")).alias(name)


def _with_envelopes(frame: pl.DataFrame, texts: Texts, left: Counter[str]) -> pl.DataFrame:
    """Give each record that has none the system and the ignored fields that its payload tells."""
    assert texts.envelope is not None  # noqa: S101 - the caller looked
    told = pl.DataFrame(
        {
            "envelope": pl.Series(range(len(texts.envelopes)), dtype=pl.Int32()),
            "source": pl.Series([envelope.source for envelope in texts.envelopes], dtype=pl.String()),
            "ignored": pl.Series(
                [
                    None if envelope.ignored is None else strict_json.write(envelope.ignored)
                    for envelope in texts.envelopes
                ],
                dtype=pl.String(),
            ),
        }
    )
    own = frame.with_columns(pl.Series("envelope", texts.envelope[frame[ROW].to_numpy()]))
    both = own.join(told, on="envelope", how="left", maintain_order="left")
    both = both.filter(is_blank(_IGNORED) | pl.col("ignored").is_null())
    left[f"{IGNORED_UPDATE_CFS}: told by the payload and the entry"] += len(own) - len(both)
    return both.with_columns(
        pl.when(is_blank("system_name")).then("source").otherwise("system_name").alias("system_name"),
        pl.when(pl.col("ignored").is_null()).then(_IGNORED).otherwise("ignored").alias(_IGNORED),
    ).drop("envelope", "source", "ignored")

"""JSON texts as columns, for the fast lane: those records that compiled code (`scan`) takes.

Put here what becomes of what it found: Arrow columns over the same memory, and the few values that are looked at
again. What a plain record is stands in `scan/records.py`.
"""

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.exact_path import CUSTOM_FIELD_PREFIX
from cdp_etl.normalize.fast_path.arrow_buffers import bits_of, buffer_of
from cdp_etl.normalize.fast_path.text_columns import composed, trimmed_texts
from cdp_etl.normalize.jit import records, values
from cdp_etl.normalize.jit.buffers import Cells, Fields, KeySets, places
from cdp_etl.normalize.jit.keys import SLOTS
from cdp_etl.normalize.readers.byte_slices import Texts
from cdp_etl.normalize.readers.json.envelope import IGNORED_UPDATE_CFS, Envelope
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, Columns, as_text

_IGNORED: Final = "ignored_update_cfs"
_OTHER_COLUMNS: Final = ("custom_fields", "extra_fields")
_KINDS: Final = {
    ContractType.STRING: values.TEXT,
    ContractType.LIST: values.LIST,
    ContractType.INTEGER: values.WHOLE_NUMBER,
    ContractType.LONG: values.WHOLE_NUMBER,
    ContractType.DOUBLE: values.DECIMAL_NUMBER,
    ContractType.BOOLEAN: values.YES_OR_NO,
    ContractType.TIMESTAMP: values.MOMENT,
}
_CAUSES: Final = {
    records.NOT_WANTED: "record: not to be judged by columns",
    records.NO_JSON: "record: malformed JSON",
    records.ODD_KEYS: "record: keys repeated, or too odd",
    records.ODD_OTHER: "record: keys of no field not written plainly",
}


def json_columns(entity: Entity, texts: Texts) -> Columns:
    """Give the records that are plain JSON objects as columns, each in its field's type."""
    codes = np.frombuffer(texts.buffer, np.uint8)
    fields = _fields(entity)
    cells, sets = _room(texts, len(fields.kinds))
    cells.causes[_not_wanted(entity, texts)] = records.NOT_WANTED
    work = np.empty(records.WORK_SPACE, np.int64)
    taken = records.scan_records(places(codes, texts.starts, texts.ends, work, fields, cells, sets))
    left = _left(entity, cells)
    frame = _frame(entity, texts, cells, taken)
    frame = _with_decimals_read(entity, frame, left)
    if texts.envelope is not None:
        frame = _with_envelopes(entity, frame, texts, left)
    return Columns(frame, _key_sets(texts, sets), dict(left), is_trimmed=True)


def _fields(entity: Entity) -> Fields:
    keys = [*entity.by_contract_name, IGNORED_UPDATE_CFS]
    if len(keys) > records.MOST_FIELDS:
        raise ValueError(f"{entity.name}: {len(keys)} fields; the fast lane knows {records.MOST_FIELDS}")
    kinds = [*(_KINDS[field.column.type] for field in entity.by_contract_name.values()), values.LIST]
    names = [key.encode() for key in keys]
    return Fields(
        names=np.frombuffer(b"".join(names), np.uint8),
        starts=np.cumsum([0, *map(len, names)]),
        kinds=np.array(kinds, np.int64),
        slots=np.full(SLOTS, -1, np.int64),
        custom=np.frombuffer(CUSTOM_FIELD_PREFIX.encode(), np.uint8),
    )


def _room(texts: Texts, fields: int) -> tuple[Cells, KeySets]:
    """Give the columns to be filled; memory that is not written to is not taken."""
    count = len(texts)
    columns = fields + len(_OTHER_COLUMNS)
    # Each byte is written at most twice: as a value, and as a member of the object that it is put into.
    written = np.empty(2 * len(texts.buffer) + 4 * count, np.uint8)
    cells = Cells(
        states=np.zeros((columns, count), np.uint8),
        views=np.zeros((columns, count, 2), np.int64),
        numbers=np.zeros((fields, count), np.int64),
        decimals=np.zeros((fields, count), np.float64),
        written=written,
        rows=np.empty(count, np.int64),
        sets=np.empty(count, np.int64),
        causes=np.zeros(count, np.int64),
    )
    slots = 1 << (2 * count).bit_length()
    sets = KeySets(
        slots=np.full(slots, -1, np.int64),
        firsts=np.zeros(count + 1, np.int64),
        spans=np.empty(2 * records.MOST_OTHER_KEYS + 16 * count, np.int64),
        known=np.zeros(1, np.int64),
    )
    return cells, sets


def _not_wanted(entity: Entity, texts: Texts) -> npt.NDArray[np.int64]:
    """Give the records that are refused already, or whose payload says something that no column holds."""
    refused = np.array(sorted(texts.refused), np.int64)
    if texts.envelope is None:
        return refused
    told_plainly = np.array([*(_is_plain(entity, envelope) for envelope in texts.envelopes), True])
    return np.concatenate([refused, np.flatnonzero(~told_plainly[texts.envelope])])


def _is_plain(entity: Entity, envelope: Envelope) -> bool:
    """Say whether what an envelope says can be put into columns."""
    return (
        envelope.is_of(entity)
        and isinstance(envelope.source, str | None)
        and isinstance(envelope.ignored, list | None)
        and all(isinstance(name, str) for name in envelope.ignored or ())
    )


def _left(entity: Entity, cells: Cells) -> Counter[str]:
    keys = [*entity.by_contract_name, IGNORED_UPDATE_CFS]
    causes, counts = np.unique(cells.causes[cells.causes != 0], return_counts=True)
    return Counter(
        {
            _CAUSES.get(cause) or _not_plain(keys[cause - records.ODD_FIELD]): count
            for cause, count in zip(causes.tolist(), counts.tolist(), strict=True)
        }
    )


def _not_plain(key: str) -> str:
    return f"{key}: of a type that is not plain"


def _frame(entity: Entity, texts: Texts, cells: Cells, taken: int) -> pl.DataFrame:
    """Give what was put into columns, over the same memory."""
    buffers = [pa.py_buffer(texts.buffer), buffer_of(cells.written)]
    columns = {ROW: pl.Series(cells.rows[:taken]), OTHER_KEYS: pl.Series(cells.sets[:taken])}
    kinds = [*(_KINDS[field.column.type] for field in entity.fields), values.LIST, values.TEXT, values.TEXT]
    names = [*(field.name for field in entity.fields), _IGNORED, *_OTHER_COLUMNS]
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        states = cells.states[number, :taken]
        if kind in {values.TEXT, values.LIST}:
            column = _texts(states != values.ABSENT, cells.views[number, :taken], buffers)
            columns[name] = composed(column, pl.Series(np.flatnonzero(states == values.MAY_COMPOSE)))
        elif kind == values.DECIMAL_NUMBER:
            columns[name] = _values(pa.float64(), states == values.READ, cells.decimals[number, :taken])
        elif kind == values.YES_OR_NO:
            whole = _values(pa.int64(), states == values.READ, cells.numbers[number, :taken])
            columns[name] = whole.cast(pl.Boolean())
        else:
            columns[name] = _values(pa.int64(), states == values.READ, cells.numbers[number, :taken])
        if kind in {values.DECIMAL_NUMBER, values.MOMENT} and (is_text := states == values.AS_TEXT).any():
            columns[as_text(name)] = _texts(is_text, cells.views[number, :taken], buffers)
    return pl.DataFrame(columns)


def _texts(is_there: npt.NDArray[np.bool_], views: npt.NDArray[np.int64], buffers: list[pa.Buffer]) -> pl.Series:
    parts = [bits_of(is_there), buffer_of(views), *buffers]
    return pl.Series(pa.Array.from_buffers(pa.string_view(), len(is_there), parts))


def _values(kept: pa.DataType, is_there: npt.NDArray[np.bool_], found: npt.NDArray[np.generic]) -> pl.Series:
    parts = [bits_of(is_there), buffer_of(found)]
    return pl.Series(pa.Array.from_buffers(kept, len(is_there), parts))


def _with_decimals_read(entity: Entity, frame: pl.DataFrame, left: Counter[str]) -> pl.DataFrame:
    """Read the decimal numbers that were delivered as texts, or with more digits than are read at once."""
    is_left = pl.Series([False]).new_from_index(0, len(frame))
    for field in entity.fields:
        name = as_text(field.name)
        if field.column.type is not ContractType.DOUBLE or name not in frame.columns:
            continue
        delivered = frame[name]
        read = delivered.cast(pl.Float64(), strict=False)
        is_odd = delivered.is_not_null() & ~read.is_finite().fill_null(value=False)
        left[_not_plain(field.contract_name)] += int(is_odd.sum())
        is_left |= is_odd
        frame = frame.with_columns(frame[field.name].fill_null(read)).drop(name)
    return frame.filter(~is_left) if is_left.any() else frame


def _key_sets(texts: Texts, sets: KeySets) -> list[tuple[str, ...]]:
    def key_set(number: int) -> tuple[str, ...]:
        spans = sets.spans[sets.firsts[number] : sets.firsts[number + 1]].reshape(-1, 2).tolist()
        return tuple(texts.buffer[start:end].decode() for start, end in spans)

    return [key_set(number) for number in range(int(sets.known[0]))] or [()]


def _with_envelopes(entity: Entity, frame: pl.DataFrame, texts: Texts, left: Counter[str]) -> pl.DataFrame:
    """Give each record that has none the system and the ignored fields that its payload tells."""
    assert texts.envelope is not None  # noqa: S101 - the caller looked
    plain = {number: one for number, one in enumerate(texts.envelopes) if _is_plain(entity, one)}
    told = pl.DataFrame(
        {
            "envelope": pl.Series(list(plain), dtype=pl.Int32()),
            "source": trimmed_texts(pl.Series([one.source for one in plain.values()], dtype=pl.String())),
            "ignored": trimmed_texts(pl.Series([_ignored(one) for one in plain.values()], dtype=pl.String())),
        }
    )
    own = frame.with_columns(pl.Series("envelope", texts.envelope[frame[ROW].to_numpy()]))
    both = own.join(told, on="envelope", how="left", maintain_order="left")
    both = both.filter(pl.col(_IGNORED).is_null() | pl.col("ignored").is_null())
    left[f"{IGNORED_UPDATE_CFS}: told by the payload and the entry"] += len(own) - len(both)
    return both.with_columns(
        pl.coalesce("system_name", "source").alias("system_name"), pl.coalesce("ignored", _IGNORED).alias(_IGNORED)
    ).drop("envelope", "source", "ignored")


def _ignored(envelope: Envelope) -> str | None:
    return None if envelope.ignored is None else strict_json.write(envelope.ignored)

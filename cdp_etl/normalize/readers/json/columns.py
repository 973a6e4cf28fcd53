"""JSON records as columns for the fast path: the records that the compiled scan supports.

`jit/records.py` scans the records into arrays. Here these become Arrow columns over the same memory. The few
values that need more work are completed with polars.
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
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.normalize.fast_path.arrow_buffers import as_buffer, validity_bitmap
from cdp_etl.normalize.fast_path.text_columns import trim_strings
from cdp_etl.normalize.jit import records, values
from cdp_etl.normalize.jit.buffers import FieldTable, KeySetTable, ScanOutput, batch_addresses
from cdp_etl.normalize.jit.keys import SLOTS
from cdp_etl.normalize.nfc import to_nfc
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.json.envelope import Envelope
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, ColumnBatch, as_text
from cdp_etl.normalize.reference_path import CUSTOM_FIELD_PREFIX, IGNORED_UPDATE_CFS_KEY

_IGNORED: Final = "ignored_update_cfs"
_OTHER_COLUMNS: Final = ("custom_fields", "extra_fields")
_KINDS: Final = {
    ContractType.STRING: values.STRING,
    ContractType.LIST: values.LIST,
    ContractType.INTEGER: values.INTEGER,
    ContractType.LONG: values.INTEGER,
    ContractType.DOUBLE: values.DOUBLE,
    ContractType.BOOLEAN: values.BOOLEAN,
    ContractType.TIMESTAMP: values.TIMESTAMP,
}
_SAMPLED: Final = 16
_MAX_SAMPLED_BYTES: Final = 1 << 16
"""Records of a batch whose spelling of keys is looked at, and their maximum length."""
_CAUSES: Final = {
    records.EXCLUDED: "record: quarantined, or in an unsupported payload",
    records.MALFORMED_JSON: "record: malformed JSON",
    records.UNSUPPORTED_KEYS: "record: repeated or unsupported keys",
    records.UNSUPPORTED_OTHER_VALUE: "record: unsupported value of an unknown key",
}


def json_columns(entity: Entity, slices: RecordSlices) -> ColumnBatch:
    """Return the supported records as columns, each in its field's type."""
    data = np.frombuffer(slices.buffer, np.uint8)
    fields = _fields(entity, _spellings(entity, slices))
    cells, key_sets = _allocate(slices, len(fields.kinds))
    cells.causes[_excluded(entity, slices)] = records.EXCLUDED
    scratch = np.empty(records.SCAN_SCRATCH_WORDS, np.int64)
    addresses = batch_addresses(data, slices.starts, slices.ends, scratch, fields, cells, key_sets)
    count = records.scan_records(addresses)
    unsupported = _count_unsupported(entity, cells)
    frame = _frame(entity, slices, cells, count)
    texts = {name: frame[as_text(name)] for name in frame.columns if as_text(name) in frame.columns}
    frame = frame.drop([as_text(name) for name in _integers(entity)], strict=False)
    frame = _with_decimals_from_text(entity, frame, unsupported)
    if slices.envelope_index is not None:
        frame = _with_envelopes(entity, frame, slices, unsupported)
    return ColumnBatch(
        frame,
        _key_sets(slices, key_sets),
        dict(unsupported),
        texts,
        may_have_marks=slices.may_have_invisible_marks(),
        is_trimmed=True,
    )


def _spellings(entity: Entity, slices: RecordSlices) -> dict[str, str]:
    """Return the keys of fields that some records of the batch spell otherwise, by exact name.

    The scan finds each field under one key. Records that spell it in another way go to the reference path.
    """
    spellings: dict[str, str] = {}
    exact: set[str] = set()
    last = max(len(slices) - 1, 0)
    for row in np.unique(np.linspace(0, last, min(_SAMPLED, len(slices))).astype(np.int64)).tolist():
        if row in slices.quarantined or slices.ends[row] - slices.starts[row] > _MAX_SAMPLED_BYTES:
            continue
        try:
            record = strict_json.parse(slices.raw(row).decode())
        except strict_json.MalformedJsonError:
            continue
        for key in record if isinstance(record, dict) else ():
            if key in entity.by_contract_name:
                exact.add(key)
            elif (name := named_field(entity, key)) is not None:
                spellings[name] = key
    return {name: key for name, key in spellings.items() if name not in exact}


def _fields(entity: Entity, spellings: dict[str, str]) -> FieldTable:
    keys = [*entity.by_contract_name, IGNORED_UPDATE_CFS_KEY]
    if len(keys) > records.MAX_FIELDS:
        raise ValueError(f"{entity.name}: {len(keys)} fields; the fast path supports {records.MAX_FIELDS}")
    kinds = [*(_KINDS[field.column.type] for field in entity.by_contract_name.values()), values.LIST]
    names = [spellings.get(key, key).encode() for key in keys]
    return FieldTable(
        names=np.frombuffer(b"".join(names), np.uint8),
        offsets=np.cumsum([0, *map(len, names)]),
        kinds=np.array(kinds, np.int64),
        slots=np.full(SLOTS, -1, np.int64),
        custom_prefix=np.frombuffer(CUSTOM_FIELD_PREFIX.encode(), np.uint8),
    )


def _allocate(slices: RecordSlices, fields: int) -> tuple[ScanOutput, KeySetTable]:
    """Allocate the arrays for the scan; the system provides memory only for pages that are written."""
    count = len(slices)
    columns = fields + len(_OTHER_COLUMNS)
    # Each byte is written at most twice: as a value, and as a member of the object that contains it.
    output = np.empty(2 * len(slices.buffer) + 4 * count, np.uint8)
    cells = ScanOutput(
        states=np.zeros((columns, count), np.uint8),
        views=np.zeros((columns, count, 2), np.int64),
        integers=np.zeros((fields, count), np.int64),
        doubles=np.zeros((fields, count), np.float64),
        output=output,
        rows=np.empty(count, np.int64),
        key_sets=np.empty(count, np.int64),
        causes=np.zeros(count, np.int64),
    )
    slots = 1 << (2 * count).bit_length()
    key_sets = KeySetTable(
        slots=np.full(slots, -1, np.int64),
        offsets=np.zeros(count + 1, np.int64),
        spans=np.empty(2 * records.MAX_OTHER_KEYS + 16 * count, np.int64),
        set_count=np.zeros(1, np.int64),
    )
    return cells, key_sets


def _excluded(entity: Entity, slices: RecordSlices) -> npt.NDArray[np.int64]:
    """Return the rows of quarantined records, and of those whose envelope does not fit into columns."""
    quarantined = np.array(sorted(slices.quarantined), np.int64)
    if slices.envelope_index is None:
        return quarantined
    is_supported = np.array([*(_is_supported(entity, envelope) for envelope in slices.envelopes), True])
    return np.concatenate([quarantined, np.flatnonzero(~is_supported[slices.envelope_index])])


def _is_supported(entity: Entity, envelope: Envelope) -> bool:
    """Return whether the members of an envelope fit into columns."""
    return (
        envelope.is_of(entity)
        and isinstance(envelope.source, str | None)
        and isinstance(envelope.ignored, list | None)
        and all(isinstance(name, str) for name in envelope.ignored or ())
    )


def _count_unsupported(entity: Entity, cells: ScanOutput) -> Counter[str]:
    keys = [*entity.by_contract_name, IGNORED_UPDATE_CFS_KEY]
    causes, counts = np.unique(cells.causes[cells.causes != 0], return_counts=True)
    return Counter(
        {
            _CAUSES.get(cause) or _unsupported_type(keys[cause - records.UNSUPPORTED_FIELD]): count
            for cause, count in zip(causes.tolist(), counts.tolist(), strict=True)
        }
    )


def _unsupported_type(key: str) -> str:
    return f"{key}: unsupported type"


def _frame(entity: Entity, slices: RecordSlices, cells: ScanOutput, count: int) -> pl.DataFrame:
    """Return the scanned records as a frame over the same memory."""
    buffers = [pa.py_buffer(slices.buffer), as_buffer(cells.output)]
    columns = {ROW: pl.Series(cells.rows[:count]), OTHER_KEYS: pl.Series(cells.key_sets[:count])}
    kinds = [*(_KINDS[field.column.type] for field in entity.fields), values.LIST, values.STRING, values.STRING]
    names = [*(field.name for field in entity.fields), _IGNORED, *_OTHER_COLUMNS]
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        states = cells.states[number, :count]
        if kind in {values.STRING, values.LIST}:
            column = _strings(states != values.ABSENT, cells.views[number, :count], buffers)
            columns[name] = to_nfc(column, pl.Series(np.flatnonzero(states == values.MAY_NOT_BE_NFC)))
        elif kind == values.DOUBLE:
            columns[name] = _numbers(pa.float64(), states == values.PARSED, cells.doubles[number, :count])
        elif kind == values.BOOLEAN:
            integers = _numbers(pa.int64(), states == values.PARSED, cells.integers[number, :count])
            columns[name] = integers.cast(pl.Boolean())
        else:
            is_integer = states == values.PARSED
            if kind == values.INTEGER:  # the text is needed as well, to see whether it looks grouped
                is_integer |= states == values.AS_TEXT
            columns[name] = _numbers(pa.int64(), is_integer, cells.integers[number, :count])
        if (
            kind in {values.INTEGER, values.DOUBLE, values.TIMESTAMP}
            and (is_text := states == values.AS_TEXT).any()
        ):
            columns[as_text(name)] = _strings(is_text, cells.views[number, :count], buffers)
    return pl.DataFrame(columns)


def _integers(entity: Entity) -> list[str]:
    return [field.name for field in entity.fields if _KINDS[field.column.type] == values.INTEGER]


def _strings(is_valid: npt.NDArray[np.bool_], views: npt.NDArray[np.int64], buffers: list[pa.Buffer]) -> pl.Series:
    parts = [validity_bitmap(is_valid), as_buffer(views), *buffers]
    return pl.Series(pa.Array.from_buffers(pa.string_view(), len(is_valid), parts))


def _numbers(dtype: pa.DataType, is_valid: npt.NDArray[np.bool_], numbers: npt.NDArray[np.generic]) -> pl.Series:
    parts = [validity_bitmap(is_valid), as_buffer(numbers)]
    return pl.Series(pa.Array.from_buffers(dtype, len(is_valid), parts))


def _with_decimals_from_text(entity: Entity, frame: pl.DataFrame, unsupported: Counter[str]) -> pl.DataFrame:
    """Parse decimal numbers that were delivered as text, or with too many digits for the scan."""
    is_unsupported = pl.Series([False]).new_from_index(0, len(frame))
    for field in entity.fields:
        name = as_text(field.name)
        if field.column.type is not ContractType.DOUBLE or name not in frame.columns:
            continue
        delivered = frame[name]
        parsed = delivered.cast(pl.Float64(), strict=False)
        is_invalid = delivered.is_not_null() & ~parsed.is_finite().fill_null(value=False)
        unsupported[_unsupported_type(field.contract_name)] += int(is_invalid.sum())
        is_unsupported |= is_invalid
        frame = frame.with_columns(frame[field.name].fill_null(parsed)).drop(name)
    return frame.filter(~is_unsupported) if is_unsupported.any() else frame


def _key_sets(slices: RecordSlices, table: KeySetTable) -> list[tuple[str, ...]]:
    def key_set(number: int) -> tuple[str, ...]:
        spans = table.spans[table.offsets[number] : table.offsets[number + 1]].reshape(-1, 2).tolist()
        return tuple(slices.buffer[start:end].decode() for start, end in spans)

    return [key_set(number) for number in range(int(table.set_count[0]))] or [()]


def _with_envelopes(
    entity: Entity, frame: pl.DataFrame, slices: RecordSlices, unsupported: Counter[str]
) -> pl.DataFrame:
    """Fill the system and the ignored fields of each record from its envelope, if the record has none."""
    assert slices.envelope_index is not None  # noqa: S101 - the caller has checked it
    supported = {
        number: envelope for number, envelope in enumerate(slices.envelopes) if _is_supported(entity, envelope)
    }
    sources = [envelope.source for envelope in supported.values()]
    ignored = [_ignored_as_text(envelope) for envelope in supported.values()]
    envelopes = pl.DataFrame(
        {
            "envelope": pl.Series(list(supported), dtype=pl.Int32()),
            "source": trim_strings(pl.Series(sources, dtype=pl.String())),
            "ignored": trim_strings(pl.Series(ignored, dtype=pl.String())),
        }
    )
    numbered = frame.with_columns(pl.Series("envelope", slices.envelope_index[frame[ROW].to_numpy()]))
    joined = numbered.join(envelopes, on="envelope", how="left", maintain_order="left")
    joined = joined.filter(pl.col(_IGNORED).is_null() | pl.col("ignored").is_null())
    unsupported[f"{IGNORED_UPDATE_CFS_KEY}: in both payload and entry"] += len(numbered) - len(joined)
    return joined.with_columns(
        pl.coalesce("system_name", "source").alias("system_name"), pl.coalesce("ignored", _IGNORED).alias(_IGNORED)
    ).drop("envelope", "source", "ignored")


def _ignored_as_text(envelope: Envelope) -> str | None:
    return None if envelope.ignored is None else strict_json.serialize(envelope.ignored)

"""Encoding of records as NDJSON lines, JSON array elements and CSV rows: a whole frame, or one record.

Both ways produce the same bytes for the same record. The slow one is for the few mutated records, whose values no
typed column can store.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from cdp_etl.sample.faults import RawRecord

_JSON_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CSV_SPECIAL: Final = ['"', ",", "\n", "\r"]


class TextFormat(Protocol):
    """A text format: prefix, records with a separator between them, suffix."""

    @property
    def prefix(self) -> bytes:
        """Text before the first record."""
        ...

    @property
    def separator(self) -> bytes:
        """Text between two records."""
        ...

    @property
    def suffix(self) -> bytes:
        """Text after the last record."""
        ...

    @property
    def empty(self) -> bytes:
        """Complete text of a file without records."""
        ...

    def encode_frame(self, frame: pl.DataFrame) -> list[bytes]:
        """Encode every row. Nulls are absent."""
        ...

    def encode_record(self, record: RawRecord) -> bytes:
        """Encode one record with values of any type."""
        ...


@dataclass(frozen=True)
class JsonText:
    """JSON objects, with prefix, separator and suffix."""

    prefix: bytes
    separator: bytes
    suffix: bytes
    empty: bytes

    def encode_frame(self, frame: pl.DataFrame) -> list[bytes]:
        """Encode every row as an object: keys in the order of the columns, without nulls."""
        text = _json_object({name: pl.col(name) for name in frame.columns}, frame.schema)
        return frame.select(text.cast(pl.Binary)).to_series().to_list()

    def encode_record(self, record: RawRecord) -> bytes:
        """Encode one record as an object."""
        return json_bytes(record)


@dataclass(frozen=True)
class CsvText:
    """CSV rows (RFC 4180). Lists and objects are encoded as JSON text."""

    columns: Sequence[str]
    separator: bytes = b"\r\n"
    suffix: bytes = b"\r\n"

    @property
    def prefix(self) -> bytes:
        """The header line."""
        return self.empty

    @property
    def empty(self) -> bytes:
        """The header line."""
        return ",".join(self.columns).encode() + self.separator

    def encode_frame(self, frame: pl.DataFrame) -> list[bytes]:
        """Encode every row, with nulls as empty cells."""
        cells = [_csv_cell(name, frame.schema[name]) for name in self.columns]
        return frame.select(pl.concat_str(cells, separator=",").cast(pl.Binary)).to_series().to_list()

    def encode_record(self, record: RawRecord) -> bytes:
        """Encode one record as a row."""
        return ",".join(_csv_text(record.get(name)) for name in self.columns).encode()


def ndjson() -> JsonText:
    """Return the format with one object per line."""
    return JsonText(prefix=b"", separator=b"\n", suffix=b"\n", empty=b"")


def json_array() -> JsonText:
    """Return the format of an array of objects, one per line."""
    return JsonText(prefix=b"[\n", separator=b",\n", suffix=b"\n]\n", empty=b"[]\n")


def api_payload(head: RawRecord) -> JsonText:
    """Return the format of one API payload: the keys of `head`, and the objects as its `entries`."""
    prefix = json_bytes(head)[:-1] + b',"entries":[\n'
    return JsonText(prefix=prefix, separator=b",\n", suffix=b"\n]}\n", empty=prefix + b"]}\n")


def json_bytes(value: object) -> bytes:
    """Encode a value as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _json_value(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Encode values of a type as JSON. Null stays null."""
    match dtype:
        case pl.String():
            return pl.concat_str(pl.lit('"'), value.str.replace_many(_JSON_ESCAPES), pl.lit('"'))
        case pl.List():
            inner = value.list.eval(_json_value(pl.element(), pl.String())).list.join(",")
            return pl.concat_str(pl.lit("["), inner, pl.lit("]"))
        case pl.Struct():
            types = {field.name: field.dtype for field in dtype.fields}
            members = {name: value.struct.field(name) for name in types}
            return pl.when(value.is_not_null()).then(_json_object(members, pl.Schema(types)))
        case _:
            return value.cast(pl.String)


def _json_object(members: dict[str, pl.Expr], types: pl.Schema) -> pl.Expr:
    """Encode an object of the members that are not null."""
    pieces = [
        pl.concat_str(pl.lit(f'"{name}":'), _json_value(value, types[name])) for name, value in members.items()
    ]
    return pl.concat_str(
        pl.lit("{"), pl.concat_str(pieces, separator=",", ignore_nulls=True), pl.lit("}")
    )  # fmt: skip # one expression


def _csv_cell(name: str, dtype: pl.DataType) -> pl.Expr:
    is_text = isinstance(dtype, pl.String)
    text = pl.col(name) if is_text else _json_value(pl.col(name), dtype)
    if is_text or dtype.is_nested():
        quoted = pl.concat_str(pl.lit('"'), text.str.replace_all('"', '""', literal=True), pl.lit('"'))
        text = pl.when(text.str.contains_any(_CSV_SPECIAL)).then(quoted).otherwise(text)
    return text.fill_null("")


def _csv_text(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_bytes(value).decode()
    if any(special in text for special in _CSV_SPECIAL):
        return '"' + text.replace('"', '""') + '"'
    return text

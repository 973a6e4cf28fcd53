"""How records become NDJSON lines, JSON array elements and CSV rows: a frame at once, or one record alone.

The two ways give the same bytes for the same record; the slow one is for the altered few, which no typed column
could hold. Put nothing here that opens a file.
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
    """A format made of the text of one record after another."""

    @property
    def prefix(self) -> bytes:
        """Give what stands before the first record."""
        ...

    @property
    def separator(self) -> bytes:
        """Give what stands between two records."""
        ...

    @property
    def suffix(self) -> bytes:
        """Give what stands behind the last record."""
        ...

    @property
    def empty(self) -> bytes:
        """Give the whole text where there is no record."""
        ...

    def lines(self, frame: pl.DataFrame) -> list[bytes]:
        """Write every row; nulls are absent."""
        ...

    def line(self, record: RawRecord) -> bytes:
        """Write one record, whatever its values are."""
        ...


@dataclass(frozen=True)
class JsonText:
    """JSON objects, with what stands around and between them."""

    prefix: bytes
    separator: bytes
    suffix: bytes
    empty: bytes

    def lines(self, frame: pl.DataFrame) -> list[bytes]:
        """Write every row as an object, keys in the order of the columns, nulls left out."""
        text = _json_object({name: pl.col(name) for name in frame.columns}, frame.schema)
        return frame.select(text.cast(pl.Binary)).to_series().to_list()

    def line(self, record: RawRecord) -> bytes:
        """Write one record as an object."""
        return json_bytes(record)


@dataclass(frozen=True)
class CsvText:
    """CSV rows (RFC 4180) of these columns; lists and objects are their JSON text."""

    columns: Sequence[str]
    separator: bytes = b"\r\n"
    suffix: bytes = b"\r\n"

    @property
    def prefix(self) -> bytes:
        """Give the header line."""
        return self.empty

    @property
    def empty(self) -> bytes:
        """Give the header line."""
        return ",".join(self.columns).encode() + self.separator

    def lines(self, frame: pl.DataFrame) -> list[bytes]:
        """Write every row, nulls as empty cells."""
        cells = [_csv_cell(name, frame.schema[name]) for name in self.columns]
        return frame.select(pl.concat_str(cells, separator=",").cast(pl.Binary)).to_series().to_list()

    def line(self, record: RawRecord) -> bytes:
        """Write one record as a row."""
        return ",".join(_csv_text(record.get(name)) for name in self.columns).encode()


def ndjson() -> JsonText:
    """Give one object a line."""
    return JsonText(prefix=b"", separator=b"\n", suffix=b"\n", empty=b"")


def json_array() -> JsonText:
    """Give an array of objects, one a line."""
    return JsonText(prefix=b"[\n", separator=b",\n", suffix=b"\n]\n", empty=b"[]\n")


def api_payload(head: RawRecord) -> JsonText:
    """Give one API payload: these keys, and the objects as its entries."""
    prefix = json_bytes(head)[:-1] + b',"entries":[\n'
    return JsonText(prefix=prefix, separator=b",\n", suffix=b"\n]}\n", empty=prefix + b"]}\n")


def json_bytes(value: object) -> bytes:
    """Write a value as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _json_value(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write values of a type as JSON; null stays null."""
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
    """Write an object of the members that are not null."""
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

"""Mutations of a valid record: faults, which must quarantine it, and variants, which must be accepted.

They are derived from the entity's declaration: each kind of mutation is created for every field that allows it.
Reasons are worded as in docs/records.md. `fault_plan.py` chooses the rows to mutate.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cdp_etl.contract.base_record import CONTACT_SUBJECT
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.file_names import DataFormat
from cdp_etl.contract.parsers import OUT_OF_RANGE, OUT_OF_RANGE_SECONDS, REQUIRED, WRONG_TYPE

RawRecord = dict[str, Any]
"""A record as in JSON, without absent keys."""

_NDJSON: Final[frozenset[DataFormat]] = frozenset({"ndjson"})
_CSV: Final[frozenset[DataFormat]] = frozenset({"csv"})
_JSON: Final[frozenset[DataFormat]] = frozenset({"ndjson", "json"})
_TEXT: Final[frozenset[DataFormat]] = _JSON | {"csv"}
_ALL: Final[frozenset[DataFormat]] = _TEXT | {"parquet"}
_NUMBERS: Final = (ContractType.INTEGER, ContractType.LONG, ContractType.DOUBLE)
_KEY_PARTS: Final = ("systemName", "internalCompanyId")
_MILLISECONDS_A_YEAR: Final = 366 * 86_400_000
_IN_1990: Final = 631_152_000_000
_MALFORMED: Final = "record: malformed JSON"
_NOT_A_NUMBER: Final = "record: NaN or Infinity, which is not JSON"
_NOT_UTF_8: Final = "record: not UTF-8"


@dataclass(frozen=True)
class Mutation:
    """A change of one record.

    Attributes:
        reasons: Expected reasons of the quarantined record; none if it must be accepted.
        values: Function that changes the record's values.
        text: Function that changes the record's text, in text formats.
        keeps_key: Whether the record's key can still be parsed.
        warns: Whether the record has a warning if it is accepted.
    """

    reasons: tuple[str, ...] = ()
    values: Callable[[RawRecord], RawRecord] = lambda record: record
    text: Callable[[bytes], bytes] = lambda line: line
    keeps_key: bool = True
    warns: bool = False


MutationGroup = tuple[Mutation, ...]
"""Mutations of one kind, one for each field that allows it; never empty."""


def faults(entity: Entity, data_format: DataFormat, cells: int) -> tuple[MutationGroup, ...]:
    """Return the faults that records of an entity can have in a format, in groups of one kind.

    Args:
        entity: The entity.
        data_format: The format. A typed format cannot express values that its types forbid.
        cells: Number of columns of a CSV row.
    """
    texts = [field for field in entity.fields if field.column.type is ContractType.STRING]
    plain = [
        field
        for field in texts
        if not (field.column.vocabulary or field.column.is_contact or field.contract_name in _KEY_PARTS)
        and field.name != entity.own_id
    ]
    required = [field for field in entity.fields if field.is_required]
    timestamps = entity.timestamps
    table: list[tuple[frozenset[DataFormat], Iterable[Mutation]]] = [
        *((_NDJSON, group) for group in _broken_lines(entity)),
        *((_CSV, group) for group in _broken_rows(cells)),
        (_JSON, [_unreadable(("record: not an object",), lambda _: b'"n/a"')]),
        (_ALL, [_missing(entity, field) for field in required]),
        (_ALL, [_blank_and_missing([field for field in plain if field.is_required])]),
        (_ALL, [Mutation((f"{CONTACT_SUBJECT}: one is required",), _without("customerPhone", "customerEmail"))]
         if entity.has_customer else []),
        (_TEXT, [_replace(field, "1,000", WRONG_TYPE) for field in entity.fields
                 if field.column.type in _NUMBERS]),
        (_TEXT, [_replace(field, "yes", WRONG_TYPE) for field in entity.fields
                 if field.column.type is ContractType.BOOLEAN]),
        (_JSON, [_replace(field, {"vi": "…"}, WRONG_TYPE) for field in plain]),
        (_JSON, [_replace(field, {"0": "…"}, WRONG_TYPE) for field in entity.fields
                 if field.column.type is ContractType.LIST and not field.column.is_set_aside]),
        (_JSON, [_replace_named("ignoredUpdateCfs", {"0": "customField01"}, WRONG_TYPE)]
         if entity.supports_ignored_update_cfs else []),
        (_ALL, [_shift(field, _to_seconds, OUT_OF_RANGE_SECONDS) for field in timestamps]),
        (_ALL, [_shift(field, _one_year_later, OUT_OF_RANGE) for field in timestamps]),
        (_ALL, [_replace(field, _IN_1990, OUT_OF_RANGE) for field in timestamps]),
        (_TEXT, [_replace(field, text, WRONG_TYPE) for field in timestamps for text in ("hôm qua", "01/03/2026")]),
        (_ALL, [_replace_named("timezoneGmt", hours, OUT_OF_RANGE) for hours in (99, -13)]),
        (_ALL, [_replace(field, "Unknown", f"not one of {', '.join(field.column.vocabulary)}") for field in texts
                if field.column.vocabulary]),
    ]  # fmt: skip # a table: the formats that can express the kind, then its mutations
    return _expressible(table, data_format)


def accepted_variants(entity: Entity, data_format: DataFormat) -> tuple[MutationGroup, ...]:
    """Return unusual spellings that must be accepted in a format, in groups of one kind."""
    names = [
        field.contract_name
        for field in entity.fields
        if field.column.type is ContractType.STRING and field.is_required and field.name != entity.own_id
        and not (field.column.is_contact or field.column.vocabulary)
    ]  # fmt: skip # one condition
    numbers = [field.contract_name for field in entity.fields if field.column.type in _NUMBERS]
    booleans = [field.contract_name for field in entity.fields if field.column.type is ContractType.BOOLEAN]
    lists = [field.contract_name for field in entity.fields if field.column.type is ContractType.LIST]
    timestamps = [field.contract_name for field in entity.timestamps]
    ignores = _with("ignoredUpdateCfs", ["customField01"])
    table: list[tuple[frozenset[DataFormat], Iterable[Mutation]]] = [
        (_ALL, [Mutation(values=_with_present(name, lambda text: f"\u00a0 {text}\t")) for name in names]),
        (_ALL, [Mutation(values=_with_present(name, lambda text: unicodedata.normalize("NFD", text)))
                for name in names]),
        (_ALL, [Mutation(values=_with("recordStatus", "ACTIVE"))]),
        (_TEXT, [Mutation(values=_as_iso(name)) for name in timestamps]),
        (_JSON, [Mutation(values=_with_present(name, str)) for name in (*numbers, *timestamps)]),
        (_JSON, [Mutation(values=_with_present(name, float)) for name in (*numbers, *timestamps)]),
        (_JSON, [Mutation(values=_with(name, value)) for name in booleans for value in (1, "TRUE")]),
        (_JSON, [Mutation(values=_with(name, "https://shop.example.com/1.jpg")) for name in lists]),
        (_JSON, [Mutation(text=_repeated_key(entity.own_id_field))]),
        (_JSON, [Mutation(values=_with("customFieldFlags", "vip"), warns=True)]),
        (_JSON, [] if entity.supports_ignored_update_cfs else [Mutation(values=ignores, warns=True)]),
    ]  # fmt: skip # a table, as above
    return _expressible(table, data_format)


def _expressible(
    table: Iterable[tuple[frozenset[DataFormat], Iterable[Mutation]]], data_format: DataFormat
) -> tuple[MutationGroup, ...]:
    groups = (tuple(mutations) for formats, mutations in table if data_format in formats)
    return tuple(group for group in groups if group)


def _unreadable(reasons: tuple[str, ...], text: Callable[[bytes], bytes]) -> Mutation:
    return Mutation(reasons, text=text, keeps_key=False)


def _broken_lines(entity: Entity) -> Iterable[MutationGroup]:
    other = "sms-interaction" if entity.name == "email-interaction" else "email-interaction"
    mismatch = Mutation(
        ("objectType: not this entity",),
        values=_with_present(entity.own_id_field, lambda text: f"{text}-X"),
        text=lambda line: b'{"objectType":' + json.dumps(other).encode() + b',"entries":[' + line + b"]}",
        keeps_key=False,
    )
    return (
        (_unreadable((_MALFORMED,), _truncate),),
        (
            _unreadable((_MALFORMED,), lambda line: line[:-1] + b",}"),
            _unreadable((_NOT_A_NUMBER,), lambda line: line[:-1] + b',"score":NaN}'),
            _unreadable((_MALFORMED,), lambda line: line.replace(b'"', b"'")),
        ),
        (_unreadable((_NOT_UTF_8,), _with_invalid_byte(b'":"')),),
        (mismatch,),
    )


def _broken_rows(cells: int) -> Iterable[MutationGroup]:
    return (
        (
            # Not the first two cells: both may be empty, and a row of commas is no record.
            _unreadable((_cells(2, cells),), lambda line: b"-," + line.split(b",")[0]),
            _unreadable((_cells(cells - 1, cells),), lambda line: line.rpartition(b",")[0]),
            _unreadable((_cells(cells + 1, cells),), lambda line: line + b",1"),
        ),
        (_unreadable((_NOT_UTF_8,), _with_invalid_byte(b",")),),
    )


def _cells(found: int, expected: int) -> str:
    return f"record: {found} cells, the header has {expected}"


def _truncate(line: bytes) -> bytes:
    """Truncate a line as a full disk would, but between two characters."""
    return line[: len(line) * 2 // 3].decode(errors="ignore").encode()


def _with_invalid_byte(before: bytes) -> Callable[[bytes], bytes]:
    """Insert a byte that is not UTF-8 after the first occurrence of `before`, which is inside a value."""
    return lambda line: line.replace(before, before + b"\xff", 1)


def _missing(entity: Entity, field: ContractField) -> Mutation:
    name = field.contract_name
    return Mutation((f"{name}: {REQUIRED}",), _without(name), keeps_key=field.name != entity.own_id)


def _blank_and_missing(fields: list[ContractField]) -> Mutation:
    """Blank one required text and remove another: two reasons in one record."""
    blank, missing = (field.contract_name for field in fields[:2])

    def values(record: RawRecord) -> RawRecord:
        return {**_without(missing)(record), blank: "\u00a0 "}

    return Mutation((f"{blank}: {REQUIRED}", f"{missing}: {REQUIRED}"), values)


def _replace(field: ContractField, value: object, fact: str) -> Mutation:
    return _replace_named(field.contract_name, value, fact)


def _replace_named(name: str, value: object, fact: str) -> Mutation:
    return Mutation((f"{name}: {fact}",), _with(name, value))


def _shift(field: ContractField, shift: Callable[[int], int], fact: str) -> Mutation:
    return Mutation((f"{field.contract_name}: {fact}",), _with_value(field.contract_name, _or_default(shift)))


def _to_seconds(milliseconds: int) -> int:
    return milliseconds // 1_000


def _one_year_later(milliseconds: int) -> int:
    return milliseconds + _MILLISECONDS_A_YEAR


def _or_default(shift: Callable[[int], int]) -> Callable[[Any], int]:
    """Shift a timestamp, or one of the year 2026 if the record has none."""
    return lambda timestamp: shift(1_772_355_600_000 if timestamp is None else timestamp)


def _without(*names: str) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def _with(name: str, value: object) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {**record, name: value}


def _with_value(name: str, change: Callable[[Any], object]) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {**record, name: change(record.get(name))}


def _with_present(name: str, change: Callable[[Any], object]) -> Callable[[RawRecord], RawRecord]:
    return _with_value(name, lambda value: None if value is None else change(value))


def _as_iso(name: str) -> Callable[[RawRecord], RawRecord]:
    """Write a timestamp as ISO 8601 text with the offset of the record's `timezoneGmt`."""

    def values(record: RawRecord) -> RawRecord:
        if name not in record:
            return record
        wall = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=record[name])
        offset = f"+{record['timezoneGmt']:02}:00" if "timezoneGmt" in record else "Z"
        return {**record, name: wall.replace(tzinfo=None).isoformat(timespec="milliseconds") + offset}

    return values


def _repeated_key(name: str) -> Callable[[bytes], bytes]:
    """Insert the same key at the front with another value. The last occurrence wins."""
    return lambda line: b'{"' + name.encode() + b'":"0",' + line[1:]

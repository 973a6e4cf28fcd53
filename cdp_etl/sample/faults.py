"""What can be done to a plain record: faults, which must quarantine it, and odd spellings, which must pass.

An entity's alterations follow from its declaration: each kind befalls every field it can. Reasons are worded as
the records page has them. Put here what is done to one record; which rows it befalls stands in `plan.py`.
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
"""A record as JSON would have it, absent keys left out."""

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
_NOT_UTF_8: Final = "record: not UTF-8"


@dataclass(frozen=True)
class Mutation:
    """One thing done to one record.

    Attributes:
        reasons: The reasons it is quarantined for; none where it must be accepted all the same.
        values: What becomes of the record's values.
        text: What becomes of the record's text, in the formats that are text.
        keeps_key: Whether the record's key can still be read.
        warns: Whether the record, if accepted, bears a warning for it.
    """

    reasons: tuple[str, ...] = ()
    values: Callable[[RawRecord], RawRecord] = lambda record: record
    text: Callable[[bytes], bytes] = lambda line: line
    keeps_key: bool = True
    warns: bool = False


MutationGroup = tuple[Mutation, ...]
"""Alterations of one kind, one for each field it can befall; never empty."""


def faults(entity: Entity, data_format: DataFormat, cells: int) -> tuple[MutationGroup, ...]:
    """Give the kinds of fault that records of an entity can have in a format.

    Args:
        entity: The entity.
        data_format: The format; a typed one cannot express what its types forbid.
        cells: How many columns a CSV row has.
    """
    texts = [field for field in entity.fields if field.column.type is ContractType.STRING]
    plain = [
        field
        for field in texts
        if not (field.column.vocabulary or field.column.is_contact or field.contract_name in _KEY_PARTS)
        and field.name != entity.own_id
    ]
    required = [field for field in entity.fields if field.is_required]
    stamps = entity.timestamps
    catalogue: list[tuple[frozenset[DataFormat], Iterable[Mutation]]] = [
        *((_NDJSON, kind) for kind in _broken_lines(entity)),
        *((_CSV, kind) for kind in _broken_rows(cells)),
        (_JSON, [_unread(("record: not an object",), lambda line: b"[" + line + b"]")]),
        (_ALL, [_missing(entity, field) for field in required]),
        (_ALL, [_blank_and_missing([field for field in plain if field.is_required])]),
        (_ALL, [Mutation((f"{CONTACT_SUBJECT}: one is required",), _without("customerPhone", "customerEmail"))]
         if entity.has_customer else []),
        (_TEXT, [_becomes(field, "1,000", WRONG_TYPE) for field in entity.fields
                 if field.column.type in _NUMBERS]),
        (_TEXT, [_becomes(field, "yes", WRONG_TYPE) for field in entity.fields
                 if field.column.type is ContractType.BOOLEAN]),
        (_JSON, [_becomes(field, {"vi": "…"}, WRONG_TYPE) for field in plain]),
        (_JSON, [_becomes(field, {"0": "…"}, WRONG_TYPE) for field in entity.fields
                 if field.column.type is ContractType.LIST]),
        (_JSON, [_becomes_named("ignoredUpdateCfs", {"0": "customField01"}, WRONG_TYPE)]
         if entity.supports_ignored_update_cfs else []),
        (_ALL, [_moved(field, lambda moment: moment // 1_000, OUT_OF_RANGE_SECONDS) for field in stamps]),
        (_ALL, [_moved(field, lambda moment: moment + _MILLISECONDS_A_YEAR, OUT_OF_RANGE) for field in stamps]),
        (_ALL, [_becomes(field, _IN_1990, OUT_OF_RANGE) for field in stamps]),
        (_TEXT, [_becomes(field, text, WRONG_TYPE) for field in stamps for text in ("hôm qua", "01/03/2026")]),
        (_ALL, [_becomes_named("timezoneGmt", hours, OUT_OF_RANGE) for hours in (99, -13)]),
        (_ALL, [_becomes(field, "Unknown", f"not one of {', '.join(field.column.vocabulary)}") for field in texts
                if field.column.vocabulary]),
    ]  # fmt: skip # a table: the formats that can express the kind, then its alterations
    return _expressible(catalogue, data_format)


def accepted_variants(entity: Entity, data_format: DataFormat) -> tuple[MutationGroup, ...]:
    """Give the kinds of odd spelling that records of an entity can have in a format and must be accepted with."""
    names = [
        field.contract_name
        for field in entity.fields
        if field.column.type is ContractType.STRING and field.is_required and field.name != entity.own_id
        and not (field.column.is_contact or field.column.vocabulary)
    ]  # fmt: skip # one condition
    numbers = [field.contract_name for field in entity.fields if field.column.type in _NUMBERS]
    booleans = [field.contract_name for field in entity.fields if field.column.type is ContractType.BOOLEAN]
    lists = [field.contract_name for field in entity.fields if field.column.type is ContractType.LIST]
    stamps = [field.contract_name for field in entity.timestamps]
    ignores = _with("ignoredUpdateCfs", ["customField01"])
    catalogue: list[tuple[frozenset[DataFormat], Iterable[Mutation]]] = [
        (_ALL, [Mutation(values=_with_present(name, lambda text: f"\u00a0 {text}\t")) for name in names]),
        (_ALL, [Mutation(values=_with_present(name, lambda text: unicodedata.normalize("NFD", text)))
                for name in names]),
        (_ALL, [Mutation(values=_with("recordStatus", "ACTIVE"))]),
        (_TEXT, [Mutation(values=_spelled_iso(name)) for name in stamps]),
        (_JSON, [Mutation(values=_with_present(name, str)) for name in (*numbers, *stamps)]),
        (_JSON, [Mutation(values=_with_present(name, float)) for name in (*numbers, *stamps)]),
        (_JSON, [Mutation(values=_with(name, value)) for name in booleans for value in (1, "TRUE")]),
        (_JSON, [Mutation(values=_with(name, "https://shop.example.com/1.jpg")) for name in lists]),
        (_JSON, [Mutation(text=_repeated_key(entity.own_id_field))]),
        (_JSON, [Mutation(values=_with("customFieldFlags", "vip"), warns=True)]),
        (_JSON, [] if entity.supports_ignored_update_cfs else [Mutation(values=ignores, warns=True)]),
    ]  # fmt: skip # a table, as above
    return _expressible(catalogue, data_format)


def _expressible(
    catalogue: Iterable[tuple[frozenset[DataFormat], Iterable[Mutation]]], data_format: DataFormat
) -> tuple[MutationGroup, ...]:
    kinds = (tuple(mutations) for formats, mutations in catalogue if data_format in formats)
    return tuple(kind for kind in kinds if kind)


def _unread(reasons: tuple[str, ...], text: Callable[[bytes], bytes]) -> Mutation:
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
        (_unread((_MALFORMED,), _cut),),
        (
            _unread((_MALFORMED,), lambda line: line[:-1] + b",}"),
            _unread((_MALFORMED,), lambda line: line[:-1] + b',"score":NaN}'),
            _unread((_MALFORMED,), lambda line: line.replace(b'"', b"'")),
        ),
        (_unread((_NOT_UTF_8,), _with_invalid_byte(b'":"')),),
        (mismatch,),
    )


def _broken_rows(cells: int) -> Iterable[MutationGroup]:
    return (
        (
            _unread((_cells(2, cells),), lambda line: b",".join(line.split(b",")[:2])),
            _unread((_cells(cells - 1, cells),), lambda line: line.rpartition(b",")[0]),
            _unread((_cells(cells + 1, cells),), lambda line: line + b",1"),
        ),
        (_unread((_NOT_UTF_8,), _with_invalid_byte(b",")),),
    )


def _cells(found: int, expected: int) -> str:
    return f"record: {found} cells, the header has {expected}"


def _cut(line: bytes) -> bytes:
    """Cut a line where a full disk would, but between two characters."""
    return line[: len(line) * 2 // 3].decode(errors="ignore").encode()


def _with_invalid_byte(before: bytes) -> Callable[[bytes], bytes]:
    """Put a byte that is no UTF-8 behind the first of these: within a value."""
    return lambda line: line.replace(before, before + b"\xff", 1)


def _missing(entity: Entity, field: ContractField) -> Mutation:
    name = field.contract_name
    return Mutation((f"{name}: {REQUIRED}",), _without(name), keeps_key=field.name != entity.own_id)


def _blank_and_missing(fields: list[ContractField]) -> Mutation:
    """Leave one required text blank and another out: two reasons at once."""
    blank, missing = (field.contract_name for field in fields[:2])

    def values(record: RawRecord) -> RawRecord:
        return {**_without(missing)(record), blank: "\u00a0 "}

    return Mutation((f"{blank}: {REQUIRED}", f"{missing}: {REQUIRED}"), values)


def _becomes(field: ContractField, value: object, fact: str) -> Mutation:
    return _becomes_named(field.contract_name, value, fact)


def _becomes_named(name: str, value: object, fact: str) -> Mutation:
    return Mutation((f"{name}: {fact}",), _with(name, value))


def _moved(field: ContractField, move: Callable[[int], int], fact: str) -> Mutation:
    return Mutation((f"{field.contract_name}: {fact}",), _with_value(field.contract_name, _from(move)))


def _from(move: Callable[[int], int]) -> Callable[[Any], int]:
    """Move a moment, or one of the year 2026 where the record has none."""
    return lambda moment: move(1_772_355_600_000 if moment is None else moment)


def _without(*names: str) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def _with(name: str, value: object) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {**record, name: value}


def _with_value(name: str, change: Callable[[Any], object]) -> Callable[[RawRecord], RawRecord]:
    return lambda record: {**record, name: change(record.get(name))}


def _with_present(name: str, change: Callable[[Any], object]) -> Callable[[RawRecord], RawRecord]:
    return _with_value(name, lambda value: None if value is None else change(value))


def _spelled_iso(name: str) -> Callable[[RawRecord], RawRecord]:
    """Write a moment as ISO 8601 text with the offset that the record's `timezoneGmt` says."""

    def values(record: RawRecord) -> RawRecord:
        if name not in record:
            return record
        wall = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=record[name])
        offset = f"+{record['timezoneGmt']:02}:00" if "timezoneGmt" in record else "Z"
        return {**record, name: wall.replace(tzinfo=None).isoformat(timespec="milliseconds") + offset}

    return values


def _repeated_key(name: str) -> Callable[[bytes], bytes]:
    """Put the same key in front once more with another value: the last one wins."""
    return lambda line: b'{"' + name.encode() + b'":"0",' + line[1:]

"""Explanation of the reason `wrong type`: what the field expects, and an outline of what was delivered.

The reason is stored and counted by its exact text, so the explanation is derived from the record's bytes when it
is shown. An outline is one of ten fixed phrases and never quotes the value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import with_exact_names
from cdp_etl.contract.parsers import WRONG_TYPE, normalize_text
from cdp_etl.entities import ENTITIES
from cdp_etl.normalize.lake.result import NormalizedDump
from cdp_etl.normalize.quarantine.read import QuarantinedRecord, reason_subject
from cdp_etl.normalize.readers.csv.text import split_cells

_EXPECTED: Final = {
    ContractType.STRING: "text or an integer",
    ContractType.INTEGER: "an integer",
    ContractType.LONG: "an integer",
    ContractType.DOUBLE: "a decimal number",
    ContractType.BOOLEAN: "true or false",
    ContractType.TIMESTAMP: "epoch milliseconds, or ISO 8601 with date and time",
    ContractType.LIST: "a list of strings",
}
_OUTLINES_OF_TEXT: Final = (
    (re.compile(r"[0-9]+"), "digits"),
    (re.compile(r"[0-9.]+"), "digits and dots"),
    (re.compile(r"[0-9.,]+"), "digits and commas"),
    (re.compile(r"[^\W\d_]+"), "letters"),
    (re.compile(r"[\W\d_]+"), "digits and other signs"),
)
_BY_TABLE: Final = {entity.table: entity for entity in ENTITIES}


def with_explanations(dump: NormalizedDump, record: QuarantinedRecord, raw: bytes) -> QuarantinedRecord:
    """Return a record that says for each `wrong type` what was expected and, if it is known, what was found."""
    entity = _BY_TABLE[dump.entity]
    fields = {
        reason: entity.by_contract_name[reason_subject(reason)]
        for reason in record.reasons
        if reason.partition(": ")[2].startswith(WRONG_TYPE) and reason_subject(reason) in entity.by_contract_name
    }
    if not fields:
        return record
    delimiter = dump.csv_delimiters.get(record.file, ",").encode()
    values = _delivered(entity, raw, dump.csv_fields.get(record.file), delimiter)
    explanations: dict[str, str] = {}
    for reason, field in fields.items():
        found = f", found {outline(values[field.contract_name])}" if field.contract_name in values else ""
        explanations[reason] = f"expected {_EXPECTED[field.column.type]}{found}"
    return replace(record, explanations=explanations)


def outline(value: Any) -> str:
    """Return what a value looks like, as one of ten phrases."""
    match value:
        case bool():
            return "true or false"
        case int():
            return "digits"
        case Decimal():
            return "a number with a fraction or exponent"
        case list():
            return "a list"
        case dict():
            return "an object"
    text = normalize_text(str(value))
    return next(
        (phrase for pattern, phrase in _OUTLINES_OF_TEXT if pattern.fullmatch(text)), "letters and other signs"
    )


def _delivered(
    entity: Entity, raw: bytes, csv_fields: Sequence[str] | None, delimiter: bytes
) -> Mapping[str, Any]:
    """Return the delivered values by the contract's name of the field; empty if the bytes cannot be read."""
    try:
        if csv_fields is not None:
            cells = split_cells(raw, delimiter) or []
            # A row may have more empty cells than the header, or fewer than there are columns without header.
            return {name: cell.decode() for name, cell in zip(csv_fields, cells, strict=False) if name}
        value = strict_json.parse(raw.decode())
    except (UnicodeDecodeError, strict_json.MalformedJsonError):
        return {}
    return with_exact_names(entity, value) if isinstance(value, dict) else {}

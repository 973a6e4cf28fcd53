"""Mapping of the columns of CSV and Parquet files to fields of the contract, by their headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.naming import camel_case, normalize_header
from cdp_etl.contract.parsers import normalize_text
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.reference_path import CUSTOM_FIELD_PREFIX, IGNORED_UPDATE_CFS_KEY


class ColumnKind(Enum):
    """Kind of a column: contract field, `ignoredUpdateCfs`, group of custom fields, or unknown."""

    FIELD = auto()
    IGNORED = auto()
    CUSTOM = auto()
    EXTRA = auto()


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One column of a file.

    Attributes:
        kind: Kind of the column.
        key: Key of its value in a record: the contract's name, or the header itself if it is unknown.
        is_contested: Whether another column of the file names the same field in another spelling.
        is_named: Whether the column has a header.
    """

    kind: ColumnKind
    key: str
    is_contested: bool = False
    is_named: bool = True


def map_columns(entity: Entity, file: str, headers: Sequence[str], max_columns: int) -> list[MappedColumn]:
    """Map each column by its header, in any spelling of `cdp_etl.contract.key_spelling`.

    Of several columns of one field, the one with the exact name has it, else the last one. The others are unknown
    columns.

    Raises:
        DumpUnreadableError: If two headers are equal ignoring case, `_` and blanks, so that the field is
            ambiguous, or if there are more columns than `max_columns`.
    """
    require_columns(file, len(headers), max_columns)
    _require_different(entity, file, headers)
    keys = [normalize_text(header) for header in headers]
    names = [named_field(entity, key) for key in keys]
    column_of: dict[str, int] = {}
    for number, name in enumerate(names):
        if name is not None and (name not in column_of or keys[column_of[name]] != name):
            column_of[name] = number
    custom = normalize_header(CUSTOM_FIELD_PREFIX)
    columns: list[MappedColumn] = []
    for number, (header, key, name) in enumerate(zip(headers, keys, names, strict=True)):
        if name is not None and column_of[name] == number:
            kind = ColumnKind.IGNORED if name == IGNORED_UPDATE_CFS_KEY else ColumnKind.FIELD
            columns.append(MappedColumn(kind, name, is_contested=names.count(name) > 1))
        elif normalize_header(header).startswith(custom):
            columns.append(MappedColumn(ColumnKind.CUSTOM, _custom_key(key)))
        else:
            columns.append(MappedColumn(ColumnKind.EXTRA, key or f"column {number + 1}", is_named=bool(key)))
    return columns


def _require_different(entity: Entity, file: str, headers: Sequence[str]) -> None:
    known = {normalize_header(name): name for name in entity.by_contract_name}
    seen: dict[str, int] = {}
    for number, header in enumerate(headers, 1):
        normalized = normalize_header(header)
        if normalized in seen and normalized:
            # In a file without header this is a row of data, so only names of the contract may be shown.
            field = f" {known[normalized]}" if normalized in known else ""
            raise DumpUnreadableError(file, f"columns {seen[normalized]} and {number} name one field{field}")
        seen[normalized] = number


def require_columns(file: str, count: int, max_columns: int) -> None:
    """Check the number of columns of a file.

    Raises:
        DumpUnreadableError: If there are more than `max_columns`.
    """
    if count > max_columns:
        raise DumpUnreadableError(file, f"{count} columns; expected at most {max_columns} (CDP_ETL_MAX_COLUMNS)")


def parse_custom_field_text(text: str) -> Any:
    """Return the object if the text of a group of custom fields is a JSON object, else the text."""
    try:
        value = strict_json.parse(text)
    except strict_json.MalformedJsonError:
        return text
    return value if isinstance(value, dict) else text


def _custom_key(header: str) -> str:
    """Return the contract's spelling of a group of custom fields: `custom_field_texts` -> `customFieldTexts`."""
    if header.startswith(CUSTOM_FIELD_PREFIX):
        return header
    spelled = camel_case("_".join(header.lower().replace("_", " ").split()))
    return CUSTOM_FIELD_PREFIX + spelled[len(CUSTOM_FIELD_PREFIX) :].replace(" ", "")

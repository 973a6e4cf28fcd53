"""Mapping of the columns of CSV and Parquet files to fields of the contract, by their headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
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
    """

    kind: ColumnKind
    key: str


def map_columns(entity: Entity, file: str, headers: Sequence[str], max_columns: int) -> list[MappedColumn]:
    """Map each column by its header, ignoring case, `_` and blanks (house rule).

    Raises:
        DumpUnreadableError: If two headers are equal in this comparison, so that the field is ambiguous, or if
            there are more columns than `max_columns`.
    """
    require_columns(file, len(headers), max_columns)
    known = {normalize_header(name): name for name in entity.by_contract_name}
    ignored, custom = normalize_header(IGNORED_UPDATE_CFS_KEY), normalize_header(CUSTOM_FIELD_PREFIX)
    columns: list[MappedColumn] = []
    seen: dict[str, int] = {}
    for number, header in enumerate(headers, 1):
        normalized = normalize_header(header)
        if normalized in seen:
            # In a file without header this is a row of data, so only names of the contract may be shown.
            field = f" {known[normalized]}" if normalized in known else ""
            raise DumpUnreadableError(file, f"columns {seen[normalized]} and {number} name one field{field}")
        seen[normalized] = number
        if normalized in known:
            columns.append(MappedColumn(ColumnKind.FIELD, known[normalized]))
        elif normalized == ignored:
            columns.append(MappedColumn(ColumnKind.IGNORED, IGNORED_UPDATE_CFS_KEY))
        elif normalized.startswith(custom):
            columns.append(MappedColumn(ColumnKind.CUSTOM, _custom_key(normalize_text(header))))
        else:
            columns.append(MappedColumn(ColumnKind.EXTRA, normalize_text(header)))
    return columns


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

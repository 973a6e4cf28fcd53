"""What the columns of CSV and Parquet files stand for.

Put here how a header names a field. Cells are read in `csv_rows.py` and `parquet_rows.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import camel_case, fold_header
from cdp_etl.contract.parsers import trimmed
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.exact_path import CUSTOM_FIELD_PREFIX
from cdp_etl.normalize.readers.json.envelope import IGNORED_UPDATE_CFS


class Kind(Enum):
    """What a column holds."""

    FIELD = auto()
    IGNORED = auto()
    CUSTOM = auto()
    EXTRA = auto()


@dataclass(frozen=True, slots=True)
class Header:
    """One column of a file.

    Attributes:
        kind: What it holds.
        name: The key that its value has in a record: the contract's name, or the header's own.
    """

    kind: Kind
    name: str


def read_headers(entity: Entity, file: str, names: Sequence[str]) -> list[Header]:
    """Say what each column stands for; names match ignoring case, `_` and blanks (house rule).

    Raises:
        DumpUnreadableError: where two headers fold to one name (RULINGS 6).
    """
    known = {fold_header(name): name for name in entity.by_contract_name}
    ignored, custom = fold_header(IGNORED_UPDATE_CFS), fold_header(CUSTOM_FIELD_PREFIX)
    headers: list[Header] = []
    seen: dict[str, int] = {}
    for column, name in enumerate(names, 1):
        folded = fold_header(name)
        if folded in seen:
            # Without a header, the first row stands there: a name is told only where it is the contract's.
            field = f" {known[folded]}" if folded in known else ""
            raise DumpUnreadableError(file, f"columns {seen[folded]} and {column} name one field{field}")
        seen[folded] = column
        if folded in known:
            headers.append(Header(Kind.FIELD, known[folded]))
        elif folded == ignored:
            headers.append(Header(Kind.IGNORED, IGNORED_UPDATE_CFS))
        elif folded.startswith(custom):
            headers.append(Header(Kind.CUSTOM, _custom_name(trimmed(name))))
        else:
            headers.append(Header(Kind.EXTRA, trimmed(name)))
    return headers


def read_custom_text(text: str) -> Any:
    """Read the text of a custom field group: the text of a JSON object is that object (RULINGS 7)."""
    try:
        value = strict_json.parse(text)
    except strict_json.MalformedJsonError:
        return text
    return value if isinstance(value, dict) else text


def _custom_name(header: str) -> str:
    """Give the contract's way to write a group of custom fields: `custom_field_texts` -> `customFieldTexts`."""
    if header.startswith(CUSTOM_FIELD_PREFIX):
        return header
    folded = camel_case("_".join(header.lower().replace("_", " ").split()))
    return CUSTOM_FIELD_PREFIX + folded[len(CUSTOM_FIELD_PREFIX) :].replace(" ", "")

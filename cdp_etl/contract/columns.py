"""Contract types, and the annotation `Col` that declares a pydantic field as a contract field.

`parsers.py` parses delivered values; `field_spec.py` reads declarations.
"""

from dataclasses import dataclass
from enum import StrEnum


class ContractType(StrEnum):
    """The contract's types. Its spellings `integer` and `int` mean `Integer`; `Array` means `List`."""

    STRING = "String"
    INTEGER = "Integer"
    LONG = "Long"
    DOUBLE = "Double"
    BOOLEAN = "Boolean"
    TIMESTAMP = "Timestamp"
    LIST = "List"


class Personal(StrEnum):
    """Kind of personal data in a column. The published snapshot omits such columns, except IDENTIFIER."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    IP = "ip"
    IDENTIFIER = "identifier"
    """A pseudonym, such as a customer id. The snapshot includes it, because readers join by it."""


class Publication(StrEnum):
    """Published form of a column in a snapshot without personal data."""

    UNCHANGED = "unchanged"
    IDENTIFIER = "identifier"
    """Identifiers with their prefix. `e:` and `p:` become pseudonyms, and so does each `c:` that is a contact."""
    RECORD_ID = "record id"
    """Ids of records. An id that is a contact becomes a pseudonym."""
    RECORD_KEY = "record key"
    """Record keys. A key whose record id is a contact becomes a pseudonym."""
    LINK = "link"
    """URLs, without the parts that may contain personal data: user, query, fragment, a path with an address."""
    OMITTED = "omitted"
    """The snapshot does not have the column."""


@dataclass(frozen=True, slots=True)
class Col:
    """Declaration of one field, without its name.

    Attributes:
        type: The contract's type.
        description: Meaning of the field, for readers of the data.
        vocabulary: Allowed values in the contract's spelling; empty if all values are allowed.
        minimum: Smallest allowed number; None if unbounded.
        maximum: Largest allowed number; None if unbounded.
        personal: Kind of personal data; None if there is none.
        is_contact: Whether the field has a normalized column as well (phones and e-mail addresses).
        is_id: Whether the field is an id: invisible marks are removed from it, and what a spreadsheet did to it.
        is_set_aside: Whether an invalid value costs only itself: a warning, and the value is in the extra fields.
        is_folded: Whether the field has a folded column as well (names of actions and events).
    """

    type: ContractType
    description: str
    vocabulary: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    personal: Personal | None = None
    is_contact: bool = False
    is_id: bool = False
    is_set_aside: bool = False
    is_folded: bool = False

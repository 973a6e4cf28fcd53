"""The annotation that makes a pydantic field a contract field, and the contract's types.

Put here what a declaration can say about one field. How delivered values are read into a type stands in
`values.py`; how a declaration is read back stands in `entity.py`.
"""

from dataclasses import dataclass
from enum import StrEnum


class ContractType(StrEnum):
    """The contract's types; `integer`, `int` and `Array` are spellings of `Integer` and `List`."""

    STRING = "String"
    INTEGER = "Integer"
    LONG = "Long"
    DOUBLE = "Double"
    BOOLEAN = "Boolean"
    TIMESTAMP = "Timestamp"
    LIST = "List"


class Personal(StrEnum):
    """What kind of personal data a column holds; such columns are left out of the published snapshot."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    IP = "ip"
    IDENTIFIER = "identifier"
    """A pseudonym, such as a customer id: it stays in the snapshot, for joining."""


@dataclass(frozen=True, slots=True)
class Col:
    """What the contract says about one field, beside its name.

    Attributes:
        type: The contract's type.
        description: What it means, for a person.
        example: One value as it is delivered, in text; None where the contract gives none.
        vocabulary: The only values the contract allows, as it spells them; empty where any will do.
        minimum: The smallest number allowed; None where any will do.
        maximum: The largest number allowed; None where any will do.
        personal: The kind of personal data held; None where it holds none.
        is_contact: Whether a normalized column stands beside this one (phones and e-mail addresses).
    """

    type: ContractType
    description: str
    example: str | None = None
    vocabulary: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    personal: Personal | None = None
    is_contact: bool = False

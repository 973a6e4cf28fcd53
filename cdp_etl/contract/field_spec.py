"""How the declaration of one field is read back from a pydantic model.

Put here what every translation needs to know of a field. How a model judges stands in `record.py`.
"""

from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cdp_etl.contract.columns import Col
from cdp_etl.contract.naming import camel_case


@dataclass(frozen=True, slots=True)
class ContractField:
    """One field of an entity, as the contract has it.

    Attributes:
        name: The column's name, in snake case.
        contract_name: The contract's own name, in camel case.
        column: Type, description, vocabulary, range and kind of personal data.
        is_required: Whether a record without it is refused.
        default: What an absent value counts as; None where it stays absent.
    """

    name: str
    contract_name: str
    column: Col
    is_required: bool
    default: str | None


def contract_fields(model: type[BaseModel]) -> dict[str, ContractField]:
    """Read back the fields of a model, by column name, in the order of their declaration.

    Raises:
        TypeError: where a field declares no column, or two; it names the field.
    """
    return {
        name: ContractField(
            name=name,
            contract_name=camel_case(name),
            column=_declared_column(f"{model.__name__}.{name}", field),
            is_required=field.is_required(),
            default=None if field.is_required() else field.default,
        )
        for name, field in model.model_fields.items()
    }


def _declared_column(place: str, field: FieldInfo) -> Col:
    """Find the Col of a field, also in `Annotated[…] | None`, which pydantic leaves folded."""
    metadata = list(field.metadata)
    for member in get_args(field.annotation):
        if get_origin(member) is Annotated:
            metadata += member.__metadata__
    columns = [item for item in metadata if isinstance(item, Col)]
    if len(columns) != 1:
        raise TypeError(f"{place}: expected one Col in its annotation, found {len(columns)}")
    return columns[0]

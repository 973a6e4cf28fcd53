"""Specification of one field, read from a pydantic model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo

from cdp_etl.contract.columns import Col
from cdp_etl.contract.naming import camel_case


@dataclass(frozen=True, slots=True)
class ContractField:
    """One field of an entity.

    Attributes:
        name: Column name, in snake case.
        contract_name: The contract's own name, in camel case.
        column: Type, description, vocabulary, range and kind of personal data.
        is_required: Whether a record without the field is quarantined.
        default: Value of an absent field; None if it stays absent.
        example: The contract's example of this field in this entity, in its JSON type; None if there is none.
    """

    name: str
    contract_name: str
    column: Col
    is_required: bool
    default: str | None
    example: JsonValue


def contract_fields(model: type[BaseModel], examples: Mapping[str, JsonValue]) -> dict[str, ContractField]:
    """Return the fields of a model by column name, in the order of declaration.

    Args:
        model: The model.
        examples: The contract's examples, by column name.

    Raises:
        TypeError: If a field declares no `Col` or more than one, or if an example is of no field. The message
            names the field.
    """
    for name in examples.keys() - model.model_fields.keys():
        raise TypeError(f"{model.__name__}.{name}: an example of a field that is not declared")
    return {
        name: ContractField(
            name=name,
            contract_name=camel_case(name),
            column=_declared_column(f"{model.__name__}.{name}", field),
            is_required=field.is_required(),
            default=None if field.is_required() else field.default,
            example=examples.get(name),
        )
        for name, field in model.model_fields.items()
    }


def _declared_column(place: str, field: FieldInfo) -> Col:
    """Return the `Col` of a field, also of `Annotated[…] | None`, which pydantic does not unwrap."""
    metadata = list(field.metadata)
    for member in get_args(field.annotation):
        if get_origin(member) is Annotated:
            metadata += member.__metadata__
    columns = [item for item in metadata if isinstance(item, Col)]
    if len(columns) != 1:
        raise TypeError(f"{place}: expected one Col in its annotation, found {len(columns)}")
    return columns[0]

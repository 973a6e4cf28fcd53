"""One entity of the contract, as everything loops over it.

Put here what can be said of an entity as a whole. Its fields stand in its pydantic model.
"""

from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc

from cdp_etl.contract.base_record import Record
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.naming import camel_case


@dataclass(frozen=True)
class Entity:
    """An entity and the model that declares it.

    Attributes:
        model: The pydantic class that judges its records.
    """

    model: type[Record]

    @property
    def name(self) -> str:
        """The contract's own name, also the name of its landing folder: `customer-product-review`."""
        return self.model.entity_name

    @property
    def table(self) -> str:
        """The name in the warehouse and in asset keys: `customer_product_review`."""
        return self.name.replace("-", "_")

    @property
    def title(self) -> str:
        """The name as a heading: `Customer product review`."""
        return self.name.replace("-", " ").capitalize()

    @property
    def description(self) -> str:
        """The docstring of the model: grain first, then what a reader would get wrong."""
        return cleandoc(self.model.__doc__ or "")

    @property
    def owner(self) -> str:
        """Who answers for its data, in the form that Dagster shows."""
        return self.model.owner

    @cached_property
    def deleted_model(self) -> type[Record]:
        """The variant of the model that judges Deleted records: only the key is required."""
        return self.model.key_only()

    @cached_property
    def fields(self) -> tuple[ContractField, ...]:
        """Its fields, in the contract's order."""
        return tuple(self.model.fields.values())

    @cached_property
    def by_contract_name(self) -> dict[str, ContractField]:
        """Its fields by the name that the contract gives them."""
        return {field.contract_name: field for field in self.fields}

    @cached_property
    def contacts(self) -> tuple[ContractField, ...]:
        """Its phones and e-mail addresses: the fields with a normalized column beside them."""
        return tuple(field for field in self.fields if field.column.is_contact)

    @cached_property
    def timestamps(self) -> tuple[ContractField, ...]:
        """Its moments."""
        return tuple(field for field in self.fields if field.column.type is ContractType.TIMESTAMP)

    @property
    def own_id(self) -> str:
        """The column that tells its records of one company and system apart."""
        return self.model.own_id

    @property
    def own_id_field(self) -> str:
        """The contract's name of `own_id`."""
        return camel_case(self.own_id)

    @property
    def main_timestamp(self) -> str:
        """The column that says when a record occurred."""
        return self.model.main_timestamp

    @property
    def supports_ignored_update_cfs(self) -> bool:
        """Whether the contract marks it SUPPORT_IGNORED_UPDATE_CFS."""
        return self.model.supports_ignored_update_cfs

    @cached_property
    def has_customer(self) -> bool:
        """Whether its records name a customer by id, phone and e-mail."""
        return "customer_id" in self.model.fields

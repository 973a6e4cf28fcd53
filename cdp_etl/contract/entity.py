"""One entity of the contract: its names, its fields and its model."""

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
        model: Pydantic class that validates the entity's records.
    """

    model: type[Record]

    @property
    def name(self) -> str:
        """The contract's own name, and the name of the landing folder: `customer-product-review`."""
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
        """The model's docstring: first the grain, then what readers might misunderstand."""
        return cleandoc(self.model.__doc__ or "")

    @property
    def owner(self) -> str:
        """Owner of the data, in Dagster's form."""
        return self.model.owner

    @cached_property
    def deleted_model(self) -> type[Record]:
        """Variant of the model that validates Deleted records: only the key is required."""
        return self.model.key_only()

    @cached_property
    def fields(self) -> tuple[ContractField, ...]:
        """Fields in the contract's order."""
        return tuple(self.model.fields.values())

    @cached_property
    def by_contract_name(self) -> dict[str, ContractField]:
        """Fields by their contract name."""
        return {field.contract_name: field for field in self.fields}

    @cached_property
    def contacts(self) -> tuple[ContractField, ...]:
        """Phone and e-mail fields: those that have a normalized column as well."""
        return tuple(field for field in self.fields if field.column.is_contact)

    @cached_property
    def folded_fields(self) -> tuple[ContractField, ...]:
        """Fields that have a folded column as well: the name of the action or the event."""
        return tuple(field for field in self.fields if field.column.is_folded)

    @cached_property
    def exact_fields(self) -> tuple[ContractField, ...]:
        """Ids and contacts: the fields in which an invisible mark makes one value look like two."""
        return tuple(field for field in self.fields if field.column.is_id or field.column.is_contact)

    @cached_property
    def fields_set_aside(self) -> frozenset[str]:
        """Contract names of the fields whose invalid value costs only itself."""
        return frozenset(field.contract_name for field in self.fields if field.column.is_set_aside)

    @cached_property
    def key_fields(self) -> frozenset[str]:
        """Contract names of the fields that identify a record over all dumps."""
        names = ("internal_company_id", "system_name", self.own_id)
        return frozenset(self.model.fields[name].contract_name for name in names)

    @cached_property
    def timestamps(self) -> tuple[ContractField, ...]:
        """Fields of type Timestamp."""
        return tuple(field for field in self.fields if field.column.type is ContractType.TIMESTAMP)

    @property
    def own_id(self) -> str:
        """Column that identifies a record within one company and system."""
        return self.model.own_id

    @cached_property
    def own_id_field(self) -> str:
        """Contract name of `own_id`."""
        return camel_case(self.own_id)

    @property
    def main_timestamp(self) -> str:
        """Column with the time of the event."""
        return self.model.main_timestamp

    @property
    def supports_ignored_update_cfs(self) -> bool:
        """Return whether the contract marks the entity SUPPORT_IGNORED_UPDATE_CFS."""
        return self.model.supports_ignored_update_cfs

    @cached_property
    def has_events(self) -> bool:
        """Return whether the records are events of messages."""
        return "event" in self.model.fields

    @cached_property
    def has_customer(self) -> bool:
        """Return whether the records identify a customer by id, phone and e-mail."""
        return "customer_id" in self.model.fields

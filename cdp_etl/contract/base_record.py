"""Base class of the entities: a pydantic model whose validation is the reference path.

The rules here apply to every entity. Entity-specific rules are declared in `cdp_etl.entities`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationInfo, create_model, field_validator
from pydantic_core import PydanticCustomError

from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.field_spec import ContractField, contract_fields
from cdp_etl.contract.naming import camel_case
from cdp_etl.contract.normalization_settings import NormalizationSettings, timestamp_upper_bound
from cdp_etl.contract.parsers import REQUIRED, InvalidValueError, TimestampContext, parse_value

CONTRACT_ERROR: Final = "fact"
"""Pydantic error type of the contract's own rules. Its message is the `<fact>` of a reason `<field>: <fact>`."""

CONTACT_SUBJECT: Final = "customerPhone/customerEmail"
"""The `<field>` part of the reason of a record without either contact."""


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """Input of validation other than the record: the settings and the dump date."""

    settings: NormalizationSettings
    dump_date: date


_READ_BY_TIMESTAMPS: Final = frozenset({"timezone_gmt", "system_name"})
_READ_FROM_EVERY_RECORD: Final = _READ_BY_TIMESTAMPS | {"internal_company_id", "record_status"}
"""Columns that normalization and loading read from the records of every entity."""


class Record(BaseModel):
    """One delivered record of a contract entity.

    Validate with `context=ValidationContext(…)` and the contract's names as keys.

    A subclass declares its fields in the contract's order, each as `Annotated[…, Col(…)]`, optional ones with
    `| None = None`. `timezone_gmt` and `system_name` come before all timestamps, whose parsing reads both.
    """

    model_config = ConfigDict(
        alias_generator=camel_case, extra="ignore", frozen=True, strict=True, validate_default=True
    )

    entity_name: ClassVar[str]
    """The contract's own name, such as `customer-product-review`."""
    own_id: ClassVar[str]
    """Column that identifies a record within one company and system."""
    main_timestamp: ClassVar[str]
    """Column with the time of the event."""
    examples: ClassVar[Mapping[str, JsonValue]] = {}
    """The contract's examples by column name, in the JSON type of the field."""
    supports_ignored_update_cfs: ClassVar[bool] = False
    """Whether the contract marks the entity SUPPORT_IGNORED_UPDATE_CFS."""
    owner: ClassVar[str] = "team:data-platform"
    """Owner of the entity's data, in Dagster's form."""
    requires_key_only: ClassVar[bool] = False
    """True for the variant that validates Deleted records."""
    fields: ClassVar[dict[str, ContractField]] = {}
    """Declared fields by column name, computed once per class."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the fields. An incomplete declaration, of a field or of the entity, raises TypeError."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.fields = contract_fields(cls, cls.examples)
        names = list(cls.fields)
        required = {cls.own_id, cls.main_timestamp, *_READ_FROM_EVERY_RECORD}
        if missing := sorted(required.difference(names)):
            raise TypeError(f"{cls.__name__} does not declare {', '.join(missing)}.")
        types = [field.column.type for field in cls.fields.values()]
        if late := sorted(_READ_BY_TIMESTAMPS.intersection(names[types.index(ContractType.TIMESTAMP) :])):
            raise TypeError(f"{cls.__name__} declares {', '.join(late)} after a timestamp, which is parsed by it.")

    @classmethod
    def key_only(cls) -> type[Self]:
        """Return the variant that validates Deleted records, in which only the key is required (house rule)."""
        optional: dict[str, Any] = {
            name: (Annotated[field.annotation, *field.metadata] | None, None)
            for name, field in cls.model_fields.items()
            if field.is_required() and name != cls.own_id
        }
        variant = create_model(f"Deleted{cls.__name__}", __base__=cls, **optional)
        variant.requires_key_only = True
        return variant

    @field_validator("*", mode="before")
    @classmethod
    def _parse(cls, value: Any, info: ValidationInfo) -> Any:
        """Parse each delivered value as its column's contract type."""
        field = cls.fields[str(info.field_name)]
        try:
            timestamps = _timestamp_context(field.column, info)
            parsed = None if value is None else parse_value(value, field.column, timestamps)
        except InvalidValueError as invalid:
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", {"fact": str(invalid)}) from None
        if parsed is not None:
            return parsed
        if field.is_required:
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", {"fact": REQUIRED})
        return field.default


class CustomerContact(BaseModel):
    """Rule of entities with `customerPhone` and `customerEmail`: at least one of the two is required.

    Contract: "Phone Required if Email is missing" and "Email Required if Phone is missing". The "Yes" in the
    contract's column Required for customerPhone adds nothing to that.
    """

    requires_key_only: ClassVar[bool] = False

    @field_validator("customer_email", mode="after", check_fields=False)
    @classmethod
    def _require_one(cls, email: str | None, info: ValidationInfo) -> str | None:
        """Reject a record with neither contact. An invalid phone counts as present: it has its own reason."""
        has_no_phone = "customer_phone" in info.data and info.data["customer_phone"] is None
        if email is None and has_no_phone and not cls.requires_key_only:
            context = {"subject": CONTACT_SUBJECT, "fact": "one is required"}
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", context)
        return email


def _timestamp_context(column: Col, info: ValidationInfo) -> TimestampContext | None:
    """Return how to convert the record's timestamps to UTC; None for columns of other types.

    Without `timezoneGmt` a timestamp is not shifted.
    """
    if column.type is not ContractType.TIMESTAMP:
        return None
    context = info.context
    if not isinstance(context, ValidationContext):
        raise TypeError("validate a record with context=ValidationContext(…), which timestamps require")
    timezone_is_invalid = "timezone_gmt" not in info.data
    return TimestampContext(
        shift_hours=None if timezone_is_invalid else info.data["timezone_gmt"] or 0,
        epoch_is_utc=(info.data.get("system_name") or "") in context.settings.epoch_is_utc,
        upper_bound=timestamp_upper_bound(context.dump_date),
    )

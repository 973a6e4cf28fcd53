"""The base of the six entities: a pydantic model whose validation *is* the exact lane's judgement of a record.

Put here what holds for every entity. What differs is declared on the entity, in `cdp_etl.entities`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, create_model, field_validator
from pydantic_core import PydanticCustomError

from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.field_spec import ContractField, contract_fields
from cdp_etl.contract.naming import camel_case
from cdp_etl.contract.normalization_settings import NormalizationSettings, timestamp_upper_bound
from cdp_etl.contract.parsers import REQUIRED, InvalidValueError, TimestampContext, parse_value

CONTRACT_ERROR: Final = "fact"
"""The pydantic error type of every refusal of ours; its message is the fact a reason ends with."""

CONTACT_SUBJECT: Final = "customerPhone/customerEmail"


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What validation needs to know beside the record: the rules and the day of the dump."""

    settings: NormalizationSettings
    dump_date: date


class Record(BaseModel):
    """One delivered record of a contract entity.

    Validate with `context=ValidationContext(…)` and the contract's names as keys. A subclass declares its fields in the
    contract's order, `timezone_gmt` and `system_name` before any moment, each `Annotated[…, Col(…)]`; the
    optional ones `| None = None`.
    """

    model_config = ConfigDict(
        alias_generator=camel_case, extra="ignore", frozen=True, strict=True, validate_default=True
    )

    entity_name: ClassVar[str]
    """The contract's own name, such as `customer-product-review`."""
    own_id: ClassVar[str]
    """The column that tells records of one company and system apart."""
    main_timestamp: ClassVar[str]
    """The column that says when it occurred."""
    supports_ignored_update_cfs: ClassVar[bool] = False
    """Whether the contract marks the entity SUPPORT_IGNORED_UPDATE_CFS."""
    owner: ClassVar[str] = "team:data-platform"
    """Who answers for the entity's data, in the form that Dagster shows."""
    requires_key_only: ClassVar[bool] = False
    """True of the variant that judges Deleted records."""
    fields: ClassVar[dict[str, ContractField]] = {}
    """What each field declares, by column name; read back once, when the class is made."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the fields, and refuse one that is not declared whole: nothing is skipped in silence."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.fields = contract_fields(cls)

    @classmethod
    def key_only(cls) -> type[Self]:
        """Give the variant that judges Deleted records: they need only their key (house rule, RULINGS 1)."""
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
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        """Read each delivered value as its column's contract type."""
        field = cls.fields[str(info.field_name)]
        try:
            read = None if value is None else parse_value(value, field.column, _clock(field.column, info))
        except InvalidValueError as refused:
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", {"fact": str(refused)}) from None
        if read is not None:
            return read
        if field.is_required:
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", {"fact": REQUIRED})
        return field.default


class CustomerContact(BaseModel):
    """The rule of entities with `customerPhone` and `customerEmail`: at least one must be there.

    Contract: "Phone Required if Email is missing" and "Email Required if Phone is missing"; the "Yes" beside
    customerPhone means no more than that.
    """

    requires_key_only: ClassVar[bool] = False

    @field_validator("customer_email", mode="after", check_fields=False)
    @classmethod
    def _one_is_required(cls, email: str | None, info: ValidationInfo) -> str | None:
        """Refuse a record with neither; a phone that was refused itself is there all the same."""
        has_no_phone = "customer_phone" in info.data and info.data["customer_phone"] is None
        if email is None and has_no_phone and not cls.requires_key_only:
            context = {"subject": CONTACT_SUBJECT, "fact": "one is required"}
            raise PydanticCustomError(CONTRACT_ERROR, "{fact}", context)
        return email


def _clock(column: Col, info: ValidationInfo) -> TimestampContext | None:
    """Give what places a moment: the record's own `timezoneGmt`, no shift where it has none."""
    if column.type is not ContractType.TIMESTAMP:
        return None
    context = info.context
    if not isinstance(context, ValidationContext):
        raise TypeError(
            "validate a record with context=ValidationContext(…): a moment cannot be judged without it"
        )
    refused = "timezone_gmt" not in info.data
    return TimestampContext(
        shift_hours=None if refused else info.data["timezone_gmt"] or 0,
        epoch_is_utc=(info.data.get("system_name") or "") in context.settings.epoch_is_utc,
        upper_bound=timestamp_upper_bound(context.dump_date),
    )

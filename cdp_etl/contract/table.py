"""The columns of an entity's tables: what is delivered, and what is derived beside it.

Put here which columns a table has, with type and meaning. Each translation (polars, DDL, Dagster, documents) reads
these lists; nobody types a column a second time.
"""

from dataclasses import dataclass

import polars as pl

from cdp_etl.contract.columns import ContractType, Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField


@dataclass(frozen=True, slots=True)
class DataType:
    """One type in each system that a column passes through."""

    duckdb: str
    polars: pl.DataType


TEXT = DataType("VARCHAR", pl.String())
JSON = DataType("JSON", pl.String())
INTEGER = DataType("BIGINT", pl.Int64())
HASH = DataType("UBIGINT", pl.UInt64())
DOUBLE = DataType("DOUBLE", pl.Float64())
BOOLEAN = DataType("BOOLEAN", pl.Boolean())
TIMESTAMP = DataType("TIMESTAMPTZ", pl.Datetime("us", "UTC"))
DATE = DataType("DATE", pl.Date())
TEXT_LIST = DataType("VARCHAR[]", pl.List(pl.String()))

TYPES: dict[ContractType, DataType] = {
    ContractType.STRING: TEXT,
    ContractType.INTEGER: INTEGER,
    ContractType.LONG: INTEGER,
    ContractType.DOUBLE: DOUBLE,
    ContractType.BOOLEAN: BOOLEAN,
    ContractType.TIMESTAMP: TIMESTAMP,
    ContractType.LIST: TEXT_LIST,
}


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table.

    Attributes:
        name: In snake case.
        type: Its type in each system.
        description: What it means, for a person.
        field: The contract field that it holds; None where it is derived.
        personal: The kind of personal data held; None where it holds none.
        is_nullable: Whether it may be null.
        compression: How DuckDB is to store it; None leaves the choice to DuckDB.
    """

    name: str
    type: DataType
    description: str
    field: ContractField | None = None
    personal: Personal | None = None
    is_nullable: bool = True
    compression: str | None = None


CUSTOM_FIELDS = TableColumn(
    "custom_fields", JSON, 'Every customField… group as delivered, whole: {"customFieldTexts": {…}}.'
)
IGNORED_UPDATE_CFS = TableColumn(
    "ignored_update_cfs",
    TEXT_LIST,
    "Names of custom fields that this version must not change on a record that exists.",
)
EXTRA_FIELDS = TableColumn("extra_fields", JSON, "Delivered keys that the contract does not list, as delivered.")
WARNINGS = TableColumn(
    "warnings",
    TEXT_LIST,
    "What is odd about the record without being a reason to refuse it; empty where nothing is.",
    is_nullable=False,
)

_PLACE = (
    TableColumn("dump_date", DATE, "Day the source system delivered the dump.", is_nullable=False),
    TableColumn("source_file", TEXT, "File within the dump.", is_nullable=False),
    TableColumn("source_position", INTEGER, "Line, row or element within the file, from 1.", is_nullable=False),
)

_DERIVED = (
    TableColumn("company_id", TEXT, "internalCompanyId, else the default company, else empty.", is_nullable=False),
    TableColumn(
        "record_key",
        TEXT,
        "Company, system and own id, escaped and joined: what tells records apart.",
        is_nullable=False,
    ),
    TableColumn("key_hash", HASH, "64 bits of the record key's MD5, for fast joins.", is_nullable=False),
    TableColumn(
        "occurred_at", TIMESTAMP, "When it occurred, UTC; null only where a Deleted record bears no moment."
    ),
    TableColumn("activity_date", DATE, "Day of occurred_at in the business time zone."),
    TableColumn(
        "customer_key",
        TEXT,
        "Best identifier of the customer: c:<id>, else e:<e-mail>, else p:<phone>; null where none is usable.",
        personal=Personal.IDENTIFIER,
    ),
    TableColumn(
        "identifiers",
        TEXT_LIST,
        "All usable identifiers of the record: c:, e:, p:.",
        personal=Personal.IDENTIFIER,
        is_nullable=False,
    ),
)

_VERSIONS = (
    TableColumn(
        "folded_custom_fields",
        JSON,
        "Custom fields after folding the versions of the key within this dump; null where they are as delivered.",
    ),
    TableColumn(
        "folded_ignored_update_cfs",
        TEXT_LIST,
        "Names that every version of the key within this dump ignores; null where the key came once.",
    ),
)

_WAREHOUSE_ONLY = (
    TableColumn(
        "is_current", BOOLEAN, "Whether this is the newest version of its key over all dumps.", is_nullable=False
    ),
    TableColumn(
        "current_custom_fields",
        JSON,
        "Custom fields after folding the versions of all dumps, on the newest; null where that changes nothing.",
    ),
)


def normalized_name(field: ContractField) -> str:
    """Give the name of the normalized column beside a contact: `…_e164` for phones, `…_normalized` for e-mail."""
    return f"{field.name}_{'e164' if field.column.personal is Personal.PHONE else 'normalized'}"


def contract_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Give the columns that hold the contract's fields, in its order."""
    return tuple(
        TableColumn(
            field.name,
            TYPES[field.column.type],
            field.column.description,
            field=field,
            personal=field.column.personal,
        )
        for field in entity.fields
    )


def validated_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Give what either lane makes of a record: contract fields, custom and extra fields, warnings."""
    return (*contract_columns(entity), CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS, WARNINGS)


def lake_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Give the columns of accepted records in the normalized lake, contacts beside what they are made from."""
    contract = [
        column
        for delivered in contract_columns(entity)
        for column in ((delivered, _normalized(delivered)) if delivered.field in entity.contacts else (delivered,))
    ]
    return (
        *contract, CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS, WARNINGS, *_DERIVED, *_PLACE, *_VERSIONS
    )  # fmt: skip # one idea a line: the order of the table


def staging_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Give the columns of `staging.<entity>`: every version of every dump is a row."""
    return (*lake_columns(entity), *_WAREHOUSE_ONLY)


QUARANTINE_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("entity", TEXT, "The entity, by its table's name.", is_nullable=False),
    *_PLACE,
    TableColumn("reasons", TEXT_LIST, "All reasons: <contract field>: <fact>.", is_nullable=False),
    TableColumn("raw", DataType("BLOB", pl.Binary()), "The record's bytes as delivered.", is_nullable=False),
)

SUPERSEDED_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("entity", TEXT, "The entity, by its table's name.", is_nullable=False),
    *_PLACE,
    TableColumn("by_file", TEXT, "File of the record that took its place.", is_nullable=False),
    TableColumn("by_position", INTEGER, "Position of the record that took its place.", is_nullable=False),
)


def _normalized(delivered: TableColumn) -> TableColumn:
    assert delivered.field is not None  # noqa: S101 - only contract columns are normalized
    is_phone = delivered.personal is Personal.PHONE
    made = "E.164 by libphonenumber" if is_phone else "trimmed, lower case, syntactically valid"
    return TableColumn(
        normalized_name(delivered.field),
        TEXT,
        f"{delivered.field.contract_name}, {made}; null where not usable.",
        personal=delivered.personal,
    )

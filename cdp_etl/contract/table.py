"""Columns of an entity's tables: delivered fields and derived columns, with type and meaning.

The only list of columns. Polars schemas, DDL, Dagster's column schema and the documents are generated from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from cdp_etl.contract.columns import ContractType, Personal, Publication
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField


@dataclass(frozen=True, slots=True)
class DataType:
    """A column type, as DuckDB and polars name it."""

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
        type: Type in DuckDB and polars.
        description: Meaning, for readers of the data.
        field: Contract field that the column stores; None if the column is derived.
        personal: Kind of personal data; None if there is none.
        is_nullable: Whether the column may be null.
        compression: Compression that DuckDB must use; None leaves the choice to DuckDB.
        publication: What the snapshot shows of a column of a mart; for a struct, by the path of each text in it.
            None: not declared. Only columns of measures and of personal data need no declaration.
    """

    name: str
    type: DataType
    description: str
    field: ContractField | None = None
    personal: Personal | None = None
    is_nullable: bool = True
    compression: str | None = None
    publication: Publication | Mapping[str, Publication] | None = None


HAS_CONTACT_CUSTOMER_ID = "has_contact_customer_id"
HAS_CONTACT_RECORD_ID = "has_contact_record_id"

PLACEHOLDERS = "placeholders"

CUSTOM_FIELDS = TableColumn(
    "custom_fields", JSON, 'All customField… groups as delivered, complete: {"customFieldTexts": {…}}.'
)
IGNORED_UPDATE_CFS = TableColumn(
    "ignored_update_cfs",
    TEXT_LIST,
    "Names of custom fields that this version must not change if the record already exists.",
)
EXTRA_FIELDS = TableColumn("extra_fields", JSON, "Delivered keys that the contract does not list, as delivered.")
WARNINGS = TableColumn(
    "warnings",
    TEXT_LIST,
    "Problems of the record that do not quarantine it; empty if there are none.",
    is_nullable=False,
)

_SOURCE = (
    TableColumn("dump_date", DATE, "Day on which the source system delivered the dump.", is_nullable=False),
    TableColumn("source_file", TEXT, "Path of the file within the dump.", is_nullable=False),
    TableColumn(
        "source_position", INTEGER, "Line, row or element number within the file, from 1.", is_nullable=False
    ),
)

_DERIVED = (
    TableColumn(
        "company_id",
        TEXT,
        "internalCompanyId if delivered, else the default company, else empty.",
        is_nullable=False,
    ),
    TableColumn(
        "record_key",
        TEXT,
        "Company, system and own id, escaped and joined. Identifies a record over all dumps.",
        is_nullable=False,
    ),
    TableColumn("key_hash", HASH, "64 bits of the MD5 hash of record_key, for fast joins.", is_nullable=False),
    TableColumn(
        "occurred_at", TIMESTAMP, "Time of the event, UTC; null only if a Deleted record has no timestamp."
    ),
    TableColumn("activity_date", DATE, "Date of occurred_at in the business time zone."),
    TableColumn(
        "customer_key",
        TEXT,
        "Best identifier of the customer: c:<id>, else e:<e-mail>, else p:<phone>; null if none is usable.",
        personal=Personal.IDENTIFIER,
    ),
    TableColumn(
        "identifiers",
        TEXT_LIST,
        "All usable identifiers of the record, each with its prefix c:, e: or p:.",
        personal=Personal.IDENTIFIER,
        is_nullable=False,
    ),
    TableColumn(
        HAS_CONTACT_CUSTOMER_ID,
        BOOLEAN,
        "Whether customerId is a usable phone or e-mail address. The snapshot then shows a pseudonym.",
        is_nullable=False,
    ),
    TableColumn(
        HAS_CONTACT_RECORD_ID,
        BOOLEAN,
        "Whether the record's own id is a usable phone or e-mail address. The snapshot then shows a pseudonym.",
        is_nullable=False,
    ),
)

_VERSIONS = (
    TableColumn(
        "folded_custom_fields",
        JSON,
        "Custom fields merged over the versions of the key within this dump; null if they are as delivered.",
    ),
    TableColumn(
        "folded_ignored_update_cfs",
        TEXT_LIST,
        "Names that every version of the key within this dump ignores; null if the key occurs once.",
    ),
)

_PLACEHOLDERS = TableColumn(
    PLACEHOLDERS,
    TEXT_LIST,
    "Customer id, e-mail address and phone of the record that are placeholders, each with its prefix c:, e: or p:;"
    " null if there are none. A placeholder is no identifier.",
    personal=Personal.IDENTIFIER,
)

EVENT_TYPE = "event_type"

_EVENT_TYPE = TableColumn(
    EVENT_TYPE,
    TEXT,
    "Type of the event by the vocabulary in force (staging.event_word); null if its word has none.",
)

_WAREHOUSE_ONLY = (
    TableColumn(
        "is_current", BOOLEAN, "Whether this is the newest version of the key over all dumps.", is_nullable=False
    ),
    TableColumn(
        "current_custom_fields",
        JSON,
        "Only on the newest version: custom fields merged over all dumps; null if merging changes nothing.",
    ),
)


def normalized_name(field: ContractField) -> str:
    """Return the name of a contact's normalized column: `…_e164` for phones, `…_normalized` for e-mail."""
    return f"{field.name}_{'e164' if field.column.personal is Personal.PHONE else 'normalized'}"


def folded_name(field: ContractField) -> str:
    """Return the name of the column with a field's folded value: `action_folded`."""
    return f"{field.name}_folded"


def contract_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Return the columns of the contract's fields, in the contract's order."""
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
    """Return the columns that validation produces: contract fields, custom fields, extra fields, warnings."""
    return (*contract_columns(entity), CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS, WARNINGS)


def lake_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Return the columns of accepted records in the lake. A normalized contact follows the delivered one."""
    return (*_normalized_columns(entity), *_folded_columns(entity), _PLACEHOLDERS)


def staging_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Return the columns of `staging.<entity>`, which has a row for every version in every dump.

    The last columns were added to tables that existed.
    """
    added = (*_folded_columns(entity), _PLACEHOLDERS, *((_EVENT_TYPE,) if entity.has_events else ()))
    return (*_normalized_columns(entity), *_WAREHOUSE_ONLY, *added)


def _normalized_columns(entity: Entity) -> tuple[TableColumn, ...]:
    contract = [
        column
        for delivered in contract_columns(entity)
        for column in ((delivered, _normalized(delivered)) if delivered.field in entity.contacts else (delivered,))
    ]
    return (
        *contract, CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS, WARNINGS, *_DERIVED, *_SOURCE, *_VERSIONS
    )  # fmt: skip # one idea a line: the order of the table


def _folded_columns(entity: Entity) -> tuple[TableColumn, ...]:
    return tuple(
        TableColumn(
            folded_name(field),
            TEXT,
            f"{field.contract_name} in lower snake case; null if absent. The marts read this column.",
        )
        for field in entity.folded_fields
    )


QUARANTINE_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("entity", TEXT, "Table name of the entity.", is_nullable=False),
    *_SOURCE,
    TableColumn("reasons", TEXT_LIST, "All reasons, each as <contract field>: <fact>.", is_nullable=False),
    TableColumn("raw", DataType("BLOB", pl.Binary()), "Bytes of the record as delivered.", is_nullable=False),
)

SUPERSEDED_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("entity", TEXT, "Table name of the entity.", is_nullable=False),
    *_SOURCE,
    TableColumn("by_file", TEXT, "File of the record that superseded this one.", is_nullable=False),
    TableColumn("by_position", INTEGER, "Position of the record that superseded this one.", is_nullable=False),
)

_UNIQUE_TEXT = "zstd"
"""Compression of unique texts. DuckDB's own choice tries dictionaries first and takes more CPU."""

EVENT_WORD_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn(
        "provider",
        TEXT,
        "serviceProvider in lower case without spaces and punctuation; empty for providers without a preset.",
        is_nullable=False,
    ),
    TableColumn("word", TEXT, "event in the same form.", is_nullable=False),
    TableColumn(EVENT_TYPE, TEXT, "Type of the event, from a closed list.", is_nullable=False),
)

CONSENT_STATEMENT_COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("company_id", TEXT, "As in the record.", is_nullable=False, publication=Publication.UNCHANGED),
    TableColumn(
        "contact",
        TEXT,
        "e:<e-mail> for channel email, p:<phone> for channel phone; c:<id> if the record has no usable contact.",
        personal=Personal.IDENTIFIER,
        is_nullable=False,
        compression=_UNIQUE_TEXT,
    ),
    TableColumn(
        "channel", TEXT, "email, or phone for calls and SMS.", is_nullable=False, publication=Publication.UNCHANGED
    ),
    TableColumn(
        "is_given",
        BOOLEAN,
        "True is consent, false is a refusal; null lifts earlier unsubscribe events, and no more.",
    ),
    TableColumn("stated_at", TIMESTAMP, "occurred_at of the record: when it was stated, UTC.", is_nullable=False),
    TableColumn(
        "entity", TEXT, "Table name of the record's entity.", is_nullable=False, publication=Publication.UNCHANGED
    ),
    TableColumn(
        "record_key",
        TEXT,
        "Key of the record.",
        is_nullable=False,
        compression=_UNIQUE_TEXT,
        publication=Publication.RECORD_KEY,
    ),
    TableColumn("dump_date", DATE, "Day on which the source system delivered the dump.", is_nullable=False),
    TableColumn("load_seq", INTEGER, "The load that delivered the statement.", is_nullable=False),
    TableColumn(
        "withdrawn_by_load_seq",
        INTEGER,
        "Row of ops.load by which an operator took the statement back; null if it is in force.",
    ),
    TableColumn(
        EVENT_TYPE,
        TEXT,
        "unsubscribed, complained or resubscribed, if an event states it; null for subscriptions.",
        publication=Publication.UNCHANGED,
    ),
)


def _normalized(delivered: TableColumn) -> TableColumn:
    assert delivered.field is not None  # noqa: S101 - called for contract columns only
    is_phone = delivered.personal is Personal.PHONE
    form = (
        " in E.164 by libphonenumber; null if absent or not a valid number."
        if is_phone
        else ", trimmed and in lower case; null if absent or syntactically invalid."
    )
    return TableColumn(
        normalized_name(delivered.field),
        TEXT,
        delivered.field.contract_name + form,
        personal=delivered.personal,
    )

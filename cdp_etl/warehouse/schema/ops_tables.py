"""The tables of schema `ops` as they are after every migration: load ledger, change feed, mart state.

A change here needs a migration (`migrations.py`), because warehouse files with the former tables exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import DATE, HASH, INTEGER, TEXT, TEXT_LIST, TIMESTAMP, TableColumn


@dataclass(frozen=True, slots=True)
class OpsTable:
    """A table of schema `ops`.

    Attributes:
        name: Without the schema.
        description: Meaning of one row.
        columns: In order.
    """

    name: str
    description: str
    columns: tuple[TableColumn, ...]


_ENTITY = TableColumn("entity", TEXT, "The entity, by the name of its staging table.", is_nullable=False)
_DUMP_DATE = TableColumn("dump_date", DATE, "Day the source system delivered the dump.", is_nullable=False)
_LOAD_ID = TableColumn("load_id", TEXT, "The load; unique over all warehouses.", is_nullable=False)
_LOAD_SEQ = TableColumn(
    "load_seq", INTEGER, "Number of the row in ops.load, ascending in order of commit.", is_nullable=False
)
_MART = TableColumn("mart", TEXT, "The mart, by the name of its table.", is_nullable=False)


def _count(name: str, description: str) -> TableColumn:
    return TableColumn(name, INTEGER, description, is_nullable=False)


def _difference(name: str, description: str) -> TableColumn:
    return TableColumn(
        name, INTEGER, f"{description}; null if nothing was loaded, or if schema version 1 or 2 wrote the row."
    )


LOAD = OpsTable(
    "load",
    "Load ledger: one attempt to load a dump; rows are never deleted. The load in place is the newest row of"
    " status loaded.",
    (
        _LOAD_ID,
        _LOAD_SEQ,
        _ENTITY,
        _DUMP_DATE,
        TableColumn(
            "status",
            TEXT,
            "loaded, unchanged, refused, failed or missing; withdrawn if an operator took the consent statements"
            " of a load back.",
            is_nullable=False,
        ),
        TableColumn(
            "reason",
            TEXT,
            "Why nothing was loaded, or what was withdrawn, in a sentence; of a loaded dump the findings about its"
            " files, or null.",
        ),
        _count("files", "Files of the dump."),
        _count("bytes", "Total size of these files, as delivered."),
        _count("records_read", "Records read: accepted + superseded + quarantined."),
        _count("accepted", "Records that became a row of staging."),
        _count("superseded", "Valid records whose key occurs again later in the dump."),
        _count("quarantined", "Invalid records, stored with their bytes and reasons."),
        _count("with_warnings", "Accepted records with a warning."),
        _count("changed_keys", "Keys written to the change feed."),
        _count(
            "restored_versions",
            "Keys whose older version is current again, because this dump no longer contains the newer one.",
        ),
        TableColumn("content_fingerprint", TEXT, "Hash over files, rules and settings; null if unknown."),
        _count("rules_version", "Version of the rules that normalized the records."),
        TableColumn("started_at", TIMESTAMP, "Start of the attempt, UTC.", is_nullable=False),
        TableColumn("finished_at", TIMESTAMP, "Time this row was written, UTC.", is_nullable=False),
        TableColumn("run_id", TEXT, "The Dagster run; null outside of Dagster."),
        _difference("files_added", "Files that the previous load of this dump did not have"),
        _difference("files_changed", "Files of the same path with other bytes than in the previous load"),
        _difference("files_removed", "Files of the previous load that the dump no longer has"),
        _difference("records_added", "Accepted records whose key the previous load did not have"),
        _difference(
            "records_changed", "Accepted records with the key of the previous load and other delivered values"
        ),
        _difference("records_removed", "Keys of the previous load that the dump no longer has"),
        TableColumn(
            "refusals_without_contact",
            INTEGER,
            "Refusals of consent for an unusable contact, on records without customer id; null if nothing was"
            " loaded, if the entity states no consent, or if a schema version before 6 wrote the row.",
        ),
    ),
)

DUMP_FILE = OpsTable(
    "dump_file",
    "One file of a dump, of the load in place.",
    (
        _ENTITY,
        _DUMP_DATE,
        TableColumn("path", TEXT, "Path relative to the dump.", is_nullable=False),
        _count("bytes", "Size as delivered."),
        TableColumn("sha256", TEXT, "SHA-256 of the bytes, in hexadecimal.", is_nullable=False),
        TableColumn("modified_at", TIMESTAMP, "Modification time in the landing zone, UTC; a hint only."),
        TableColumn("pulled_at", TIMESTAMP, "Time the file was pulled into the raw archive, UTC."),
    ),
)

CHANGE_FEED = OpsTable(
    "change_feed",
    "Change feed: the current, not deleted row of each key that a load changed, before and after the load."
    " Rows are deleted when every mart has applied them.",
    (
        _LOAD_ID,
        _LOAD_SEQ,
        _ENTITY,
        TableColumn("record_key", TEXT, "The changed key.", is_nullable=False),
        TableColumn("key_hash", HASH, "64 bits of the record key's MD5, for fast joins.", is_nullable=False),
        TableColumn(
            "image",
            TEXT,
            "before or after; a key that has neither a row before nor one after the load is not listed.",
            is_nullable=False,
        ),
        TableColumn("company_id", TEXT, "As in staging.", is_nullable=False),
        TableColumn("activity_date", DATE, "As in staging."),
        TableColumn("customer_key", TEXT, "As in staging.", personal=Personal.IDENTIFIER),
        TableColumn("identifiers", TEXT_LIST, "As in staging.", personal=Personal.IDENTIFIER, is_nullable=False),
        TableColumn("product_sku", TEXT, "As in staging; null if the entity has none."),
        TableColumn("campaign_id", TEXT, "As in staging; null if the entity has none."),
    ),
)

MART_STATE = OpsTable(
    "mart_state",
    "Last refresh of a mart; one row per mart.",
    (
        _MART,
        TableColumn("load_seq", INTEGER, "The newest load that the mart has applied.", is_nullable=False),
        TableColumn("definition_hash", TEXT, "Hash of its SQL and settings.", is_nullable=False),
        TableColumn("applied_at", TIMESTAMP, "Time of the last refresh, UTC.", is_nullable=False),
    ),
)

NO_DEFINITION = ""
"""Definition hash of a mart that must be rebuilt: no definition has this hash."""

MART_PARTITION = OpsTable(
    "mart_partition",
    "Changed months of a mart, for publishing; one row per mart and month.",
    (
        _MART,
        TableColumn("month", DATE, "First day of the month.", is_nullable=False),
        TableColumn("load_seq", INTEGER, "The newest load that changed the month.", is_nullable=False),
    ),
)

METADATA = OpsTable(
    "metadata",
    "Facts about the warehouse itself; one row per name.",
    (
        TableColumn("name", TEXT, "Name of the fact.", is_nullable=False),
        TableColumn("value", TEXT, "Its value.", is_nullable=False),
    ),
)

CONTACT_SHAPED_ID = OpsTable(
    "contact_shaped_id",
    "A text that contains an id which is a phone or an e-mail address. The snapshot shows pseudonyms instead. Rows"
    " outlive the records that they come from, because customer_identity_change does too.",
    (
        TableColumn(
            "value",
            TEXT,
            "Identifier c:<customer id>, record id or record key, as in staging.",
            personal=Personal.IDENTIFIER,
            is_nullable=False,
        ),
    ),
)

REJECTION_COUNT = OpsTable(
    "rejection_count",
    "One reason for which an attempt to load quarantined records; rows are never deleted.",
    (
        _LOAD_ID,
        TableColumn("reason", TEXT, "<contract field>: <fact>.", is_nullable=False),
        TableColumn(
            "record_count",
            INTEGER,
            "Records quarantined for this reason; a record may have several reasons.",
            is_nullable=False,
        ),
    ),
)

SCHEMA_VERSION = OpsTable(
    "schema_version",
    "One migration that was applied to this file.",
    (
        TableColumn("version", INTEGER, "Number of the migration, from 1.", is_nullable=False),
        TableColumn("applied_at", TIMESTAMP, "Time the migration was applied, UTC.", is_nullable=False),
    ),
)

OPS_TABLES: tuple[OpsTable, ...] = (
    LOAD,
    DUMP_FILE,
    CHANGE_FEED,
    MART_STATE,
    MART_PARTITION,
    METADATA,
    CONTACT_SHAPED_ID,
    REJECTION_COUNT,
    SCHEMA_VERSION,
)
"""All tables of schema `ops`. The view `ops.quarantine_reason` is the only other relation in it."""

_VIEW_COMMENT = (
    "Quarantined records of each dump by field and reason: of the load in place, or of the newest attempt if that"
    " was refused. A record with several reasons counts for each."
)


def ops_comments() -> Sequence[str]:
    """Return the statements that comment on all tables and columns of schema `ops`."""
    return [
        *(statement for table in OPS_TABLES for statement in _comments(table)),
        f"COMMENT ON VIEW ops.quarantine_reason IS {literal(_VIEW_COMMENT)}",
    ]


def _comments(table: OpsTable) -> Sequence[str]:
    name = f"ops.{table.name}"
    return [
        f"COMMENT ON TABLE {name} IS {literal(table.description)}",
        *(
            f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(column.description)}"
            for column in table.columns
        ),
    ]

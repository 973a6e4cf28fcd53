"""The tables of schema `ops`: what the warehouse knows of its own loads.

Put here their columns and meaning. Changing one is a migration (`migrations.py`), since files with the old one
exist.
"""

from dataclasses import dataclass

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.render.ddl import create_table
from cdp_etl.contract.table import DAY, HASH, MOMENT, TEXT, TEXTS, WHOLE, TableColumn


@dataclass(frozen=True, slots=True)
class OpsTable:
    """A table of schema `ops`.

    Attributes:
        name: Without the schema.
        description: What one row is, for a person.
        columns: In order.
    """

    name: str
    description: str
    columns: tuple[TableColumn, ...]

    def statements(self) -> list[str]:
        """Give the statements that make it, with comments."""
        return create_table("ops", self.name, self.columns, self.description)


_ENTITY = TableColumn("entity", TEXT, "The entity, by its table's name.", is_nullable=False)
_DUMP_DATE = TableColumn("dump_date", DAY, "Day the source system delivered the dump.", is_nullable=False)
LOAD_ID = TableColumn("load_id", TEXT, "The load, unique over all warehouses.", is_nullable=False)
_LOAD_SEQ = TableColumn(
    "load_seq", WHOLE, "Rises with each row of ops.load, in order of commit.", is_nullable=False
)
_MART = TableColumn("mart", TEXT, "The mart, by its table's name.", is_nullable=False)


def _count(name: str, description: str) -> TableColumn:
    return TableColumn(name, WHOLE, description, is_nullable=False)


LOAD = OpsTable(
    "load",
    "One attempt to load a dump; never deleted. The newest row of status loaded says what is in place.",
    (
        LOAD_ID,
        _LOAD_SEQ,
        _ENTITY,
        _DUMP_DATE,
        TableColumn("status", TEXT, "loaded, unchanged, refused, failed or empty.", is_nullable=False),
        TableColumn("reason", TEXT, "Why it was not loaded, in a sentence; null where it was."),
        _count("files", "Files of the dump."),
        _count("bytes", "Bytes of these files, as delivered."),
        _count("records_read", "Records read: accepted + superseded + quarantined."),
        _count("accepted", "Records that became a row of staging."),
        _count("superseded", "Valid records whose key came again later in the dump."),
        _count("quarantined", "Records refused, with their bytes and reasons."),
        _count("with_warnings", "Accepted records that are odd in some way."),
        _count("changed_keys", "Keys written to the change feed."),
        _count("restored_versions", "Keys whose older version counts again, since a newer one left this dump."),
        TableColumn("content_fingerprint", TEXT, "Hash over files, rules and settings; null where unknown."),
        _count("rules_version", "Version of the rules that judged the records."),
        TableColumn("started_at", MOMENT, "When the attempt began, UTC.", is_nullable=False),
        TableColumn("finished_at", MOMENT, "When this row was written, UTC.", is_nullable=False),
        TableColumn("run_id", TEXT, "The Dagster run; null where there was none."),
    ),
)

DUMP_FILE = OpsTable(
    "dump_file",
    "One file of a dump as it is loaded now.",
    (
        _ENTITY,
        _DUMP_DATE,
        TableColumn("path", TEXT, "Path relative to the dump.", is_nullable=False),
        _count("bytes", "Size as delivered."),
        TableColumn("sha256", TEXT, "SHA-256 of the bytes, in hexadecimal.", is_nullable=False),
        TableColumn("modified_at", MOMENT, "When the zone says it was modified, UTC; a hint only."),
        TableColumn("pulled_at", MOMENT, "When it was pulled into the raw archive, UTC."),
    ),
)

CHANGE = OpsTable(
    "change",
    "The change feed: each key a load touched, with its current, not deleted row before and after."
    " Kept until every mart has applied it.",
    (
        LOAD_ID,
        _LOAD_SEQ,
        _ENTITY,
        TableColumn("record_key", TEXT, "The touched key.", is_nullable=False),
        TableColumn("key_hash", HASH, "64 bits of the record key's MD5, for fast joins.", is_nullable=False),
        TableColumn(
            "side",
            TEXT,
            "before or after; a key with neither a row before nor one after has no row here.",
            is_nullable=False,
        ),
        TableColumn("company_id", TEXT, "As in staging.", is_nullable=False),
        TableColumn("activity_date", DAY, "As in staging."),
        TableColumn("customer_key", TEXT, "As in staging.", personal=Personal.IDENTIFIER),
        TableColumn("identifiers", TEXTS, "As in staging.", personal=Personal.IDENTIFIER, is_nullable=False),
        TableColumn("product_sku", TEXT, "As in staging; null where the entity has none."),
        TableColumn("campaign_id", TEXT, "As in staging; null where the entity has none."),
    ),
)

MART_STATE = OpsTable(
    "mart_state",
    "What a mart has applied; one row a mart.",
    (
        _MART,
        TableColumn("load_seq", WHOLE, "The newest load whose changes it holds.", is_nullable=False),
        TableColumn("definition_hash", TEXT, "Hash of its SQL and settings.", is_nullable=False),
        TableColumn("applied_at", MOMENT, "When it was last run, UTC.", is_nullable=False),
    ),
)

NO_DEFINITION = ""
"""Stands for the definition of a mart that must be rebuilt whole: no definition has this hash."""

MART_MONTH = OpsTable(
    "mart_month",
    "Months of a mart that changed, for publishing; one row a mart and month.",
    (
        _MART,
        TableColumn("month", DAY, "First day of the month.", is_nullable=False),
        TableColumn("load_seq", WHOLE, "The newest load by which it changed.", is_nullable=False),
    ),
)

SETTING = OpsTable(
    "setting",
    "What the warehouse remembers about itself; one row a name.",
    (
        TableColumn("name", TEXT, "What is remembered.", is_nullable=False),
        TableColumn("value", TEXT, "Its value.", is_nullable=False),
    ),
)

FIRST_OPS_TABLES: tuple[OpsTable, ...] = (LOAD, DUMP_FILE, CHANGE, MART_STATE, MART_MONTH, SETTING)
"""Those of the first schema; later ones stand with the migration that adds them."""

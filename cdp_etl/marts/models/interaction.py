"""Declaration of `interaction`."""

from dataclasses import replace

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import DATE, HASH, INTEGER, TEXT, TIMESTAMP, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import feed_scope
from cdp_etl.marts.engine.value_rule import ValueRule

_UNIQUE_TEXT = "zstd"
"""Compression of unique texts. DuckDB's own choice tries dictionaries first and takes three times the CPU."""

INTERACTION = Mart(
    name="interaction",
    columns=(
        TableColumn("entity", TEXT, "Entity of the record, by its table name.", is_nullable=False,
                    publication=Publication.UNCHANGED),
        TableColumn(
            "record_key", TEXT, "Key of the record within its entity: company, system and record id, joined.",
            is_nullable=False, compression=_UNIQUE_TEXT, publication=Publication.RECORD_KEY,
        ),
        TableColumn("key_hash", HASH, "64 bits of the MD5 of record_key, for fast joins.", is_nullable=False,
                    publication=Publication.OMITTED),
        c.COMPANY_ID,
        TableColumn("system_name", TEXT, "Name of the source system; null if not named.",
                    publication=Publication.UNCHANGED),
        TableColumn(
            "record_id", TEXT, "Id of the record in the source system.",
            is_nullable=False, compression=_UNIQUE_TEXT, publication=Publication.RECORD_ID,
        ),
        TableColumn("dump_date", DATE, "Day when the source system delivered this version.", is_nullable=False),
        TableColumn("occurred_at", TIMESTAMP, "Timestamp of the interaction, UTC.", is_nullable=False),
        c.ACTIVITY_DATE,
        c.KIND,
        TableColumn(
            "action",
            TEXT,
            "Action in lower snake case: wishlist, comment, email_opened. An open vocabulary.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        TableColumn(
            "action_type",
            TEXT,
            "Type of the action, from a closed list: search, view, wishlist, add_to_cart, purchase and others;"
            " other for an activity without a mapping; null for e-mail and SMS.",
            publication=Publication.UNCHANGED,
        ),
        TableColumn(
            "event_type",
            TEXT,
            "Type of the event, from a closed list: sent, opened, machine_opened, clicked and others; null for"
            " other kinds and for words without a mapping.",
            publication=Publication.UNCHANGED,
        ),
        replace(
            c.CUSTOMER_KEY,
            description=f"{c.CUSTOMER_KEY.description} Null if none is usable.",
            is_nullable=True,
        ),
        replace(c.PRODUCT_SKU, description="Product SKU; null for e-mail and SMS.", is_nullable=True),
        TableColumn("product_category_id", TEXT, "Product category id in this record.",
                    publication=Publication.UNCHANGED),
        TableColumn("quantity", INTEGER, "Units, as delivered; activities only.",
                    publication=Publication.UNCHANGED),
        c.amount(
            "amount",
            "Activity: price x quantity; a missing quantity counts as 1. Comment and review: price after"
            " discounts, else price. Null if no price is delivered or the value does not fit.",
        ),
        TableColumn(
            "sale_type", TEXT, "purchase or refund, by the settings and action_type; null for all other records.",
            publication=Publication.UNCHANGED,
        ),
        TableColumn(
            "sale_quantity", INTEGER,
            "Units of a sale: of a purchase as delivered, of a refund never positive; 1 if none is delivered.",
            publication=Publication.UNCHANGED,
        ),
        c.amount(
            "revenue",
            "Amount of a sale: of a purchase as in amount, of a refund never positive. Null if amount is null.",
        ),
        TableColumn("rating", INTEGER, "Rating, without a fixed scale; reviews only.",
                    publication=Publication.UNCHANGED),
        TableColumn(
            "channel", TEXT, "email or sms; online or offline for subscriptions; null if not named.",
            publication=Publication.UNCHANGED,
        ),
        TableColumn("service_provider", TEXT, "Provider of the e-mail or SMS; null for other kinds.",
                    publication=Publication.UNCHANGED),
        TableColumn("campaign_id", TEXT, "Campaign id of the e-mail or SMS; unique per provider only.",
                    publication=Publication.UNCHANGED),
        TableColumn("campaign_name", TEXT, "Name of the campaign in this record; null for other kinds.",
                    publication=Publication.UNCHANGED),
        TableColumn("link", TEXT, "Clicked link, else the link to the product page.",
                    publication=Publication.LINK),
    ),
    refresh_scope=feed_scope(
        ("entity", "record_key", "key_hash", "activity_date"),
        inputs=tuple(f"{entity.table}_current" for entity in ENTITIES),
    ),
    month_column="activity_date",
    settings=("action_types", "purchase_actions", "refund_actions"),
    key_hashes=(c.BY_CUSTOMER_KEY,),
    row_id_chunks=LARGE_MART_ROW_ID_CHUNKS,
    reconciliation=Reconciliation("1", group_by=("entity", "company_id", "activity_date"), against_staging=True),
    value_rules=(
        ValueRule(
            "kind_is_listed",
            f"`kind` is one of {', '.join(c.KINDS)}.",
            f"kind IN ({', '.join(literal(kind) for kind in c.KINDS)})",
        ),
    ),
)  # fmt: skip # columns that are one thing stay on one line

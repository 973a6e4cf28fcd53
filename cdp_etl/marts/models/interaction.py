"""The mart `interaction`: its columns and slices. Its meaning stands in its SQL."""

from dataclasses import replace

from cdp_etl.contract.table import DAY, HASH, MOMENT, TEXT, WHOLE, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Counted, Mart
from cdp_etl.marts.engine.scope_feed import feed_slices

_UNIQUE_TEXT = "zstd"
"""Left to itself DuckDB looks for repeated values, in vain: numbered ids then cost three times the processor."""

INTERACTION = Mart(
    name="interaction",
    columns=(
        TableColumn("entity", TEXT, "The entity of the record, by its table's name.", is_nullable=False),
        TableColumn(
            "record_key", TEXT, "Company, system and own id, joined: the record's key within its entity.",
            is_nullable=False, compression=_UNIQUE_TEXT,
        ),
        TableColumn("key_hash", HASH, "64 bits of the record key's MD5, for fast joins.", is_nullable=False),
        c.COMPANY_ID,
        TableColumn("system_name", TEXT, "Name of the delivering system; null where none is named."),
        TableColumn(
            "record_id", TEXT, "The record's own id in the delivering system.",
            is_nullable=False, compression=_UNIQUE_TEXT,
        ),
        TableColumn("dump_date", DAY, "Day the source system delivered this version.", is_nullable=False),
        TableColumn("occurred_at", MOMENT, "When it occurred, UTC.", is_nullable=False),
        c.ACTIVITY_DATE,
        c.KIND,
        TableColumn(
            "action",
            TEXT,
            "What was done, in lower snake case: wishlist, comment, email_opened. An open vocabulary.",
            is_nullable=False,
        ),
        replace(
            c.CUSTOMER_KEY,
            description=f"{c.CUSTOMER_KEY.description} Null where none is usable.",
            is_nullable=True,
        ),
        replace(c.PRODUCT_SKU, description="Product SKU; null for e-mail and SMS.", is_nullable=True),
        TableColumn("product_category_id", TEXT, "Product category id, as this record names it."),
        TableColumn("quantity", WHOLE, "Units, as delivered; only activities have it."),
        c.amount(
            "amount",
            "Activity: price x quantity, which counts as 1 where absent. Comment and review: the product's price"
            " after discounts, else its price. Null where none is delivered, or where it does not fit.",
        ),
        TableColumn("rating", WHOLE, "Rating; only reviews have it, on no fixed scale."),
        TableColumn(
            "channel", TEXT, "email or sms; of subscriptions online or offline; null where none is named."
        ),
        TableColumn("service_provider", TEXT, "Provider of the e-mail or SMS; null for all else."),
        TableColumn("campaign_id", TEXT, "Campaign of the e-mail or SMS, unique with its provider only."),
        TableColumn("link", TEXT, "The link clicked, else the page of the product."),
    ),
    slices=feed_slices(
        ("entity", "record_key", "key_hash", "activity_date"),
        inputs=tuple(f"{entity.table}_current" for entity in ENTITIES),
    ),
    month_column="activity_date",
    sought_by=(c.BY_CUSTOMER_KEY,),
    pieces=c.PIECES_OF_LARGE_MARTS,
    counted=Counted("1", by=("entity", "company_id", "activity_date"), in_staging=True),
)  # fmt: skip # columns that are one thing stay on one line

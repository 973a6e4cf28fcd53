"""Declaration of `customer_rfm`.

Every new day changes all rows of the company, and any purchase can shift all quintiles. So each run computes the
mart in full, from one row per person.
"""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DATE, INTEGER, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.value_rule import ValueRule
from cdp_etl.marts.models.customer_identity import PERSON_ID

_MEASURES = ("recency", "frequency", "monetary")

CUSTOMER_RFM = Mart(
    name="customer_rfm",
    columns=(
        c.COMPANY_ID,
        PERSON_ID,
        TableColumn(
            "as_of_date", DATE, "Newest day with an interaction of the company, in the business time zone.",
            is_nullable=False,
        ),
        TableColumn("last_purchase_date", DATE, "Day of the person's last purchase.", is_nullable=False),
        TableColumn("recency_days", INTEGER, "Days from last_purchase_date to as_of_date.", is_nullable=False,
                    publication=Publication.UNCHANGED),
        TableColumn("frequency", INTEGER, "Purchases.", is_nullable=False, publication=Publication.UNCHANGED),
        TableColumn(
            "monetary", c.TOTAL_TYPE, "Revenue: amounts of purchases minus amounts of refunds.",
            is_nullable=False, publication=Publication.UNCHANGED,
        ),
        *(
            TableColumn(
                f"{measure}_quintile", INTEGER,
                f"Quintile of {measure} among the purchasers of the company, from 1 to 5; 5 is the best.",
                is_nullable=False, publication=Publication.UNCHANGED,
            )
            for measure in _MEASURES
        ),
        TableColumn(
            "rfm_segment", TEXT, "champions, new, loyal, promising, cannot_lose, at_risk or lost; no other.",
            is_nullable=False, publication=Publication.UNCHANGED,
        ),
    ),
    refresh_scope=None,
    value_rules=(
        ValueRule(
            "quintiles_are_from_1_to_5",
            "Every quintile is from 1 to 5.",
            " AND ".join(f"{measure}_quintile BETWEEN 1 AND 5" for measure in _MEASURES),
        ),
        ValueRule(
            "recency_is_the_distance_of_two_days",
            "`recency_days` is the number of days from `last_purchase_date` to `as_of_date`, and not negative.",
            "recency_days >= 0 AND last_purchase_date + recency_days::INTEGER = as_of_date",
        ),
        ValueRule("purchasers_have_purchased", "Every person has a purchase.", "frequency > 0"),
    ),
)  # fmt: skip # columns that are one thing stay on one line

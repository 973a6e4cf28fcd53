"""Declarations of `person_month` and `customer_cohort`.

All months of a person with a changed record are recomputed, because the record can change the cohort. The rows of
`person_month` that were written and deleted are the refresh scope of `customer_cohort`: both the old and the new
cohort of a person are among them.
"""

from functools import partial

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DATE, INTEGER, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import ValueRule, at_most
from cdp_etl.marts.models.customer_identity import PERSON_ID

_sql = partial(read_sql, "cdp_etl.marts.models")

_PENDING_KEY = "(SELECT company_id, customer_key AS identifier FROM pending WHERE customer_key IS NOT NULL)"
_AFFECTED_IDENTITIES = lookup_by_hash("customer_identity", "affected", c.BY_PERSON)
_COHORT_MONTH = TableColumn(
    "cohort_month", DATE, "First day of the month of the person's first interaction.", is_nullable=False
)
_ACTIVITY_MONTH = TableColumn("activity_month", DATE, "First day of the month.", is_nullable=False)
_TOTALS = (
    c.count("interaction_count", "Interactions of any kind."),
    c.count("purchase_count", "Purchases."),
    c.REVENUE,
)
_MONTHS_ARE_IN_ORDER = ValueRule(
    "months_are_in_order",
    "No month is before the cohort's, and months begin on their first day.",
    "cohort_month <= activity_month AND day(cohort_month) = 1 AND day(activity_month) = 1",
)

PERSON_MONTH = Mart(
    name="person_month",
    columns=(c.COMPANY_ID, PERSON_ID, _COHORT_MONTH, _ACTIVITY_MONTH, *_TOTALS),
    refresh_scope=RefreshScope(
        tables={
            "reassigned_identifier": _sql("person_scope/reassigned_identifier"),
            "affected": _sql(
                "person_month/affected",
                {"persons_with_pending_key": lookup_by_hash("customer_identity", _PENDING_KEY, c.BY_IDENTIFIER)},
            ),
            "affected_key": f"SELECT company_id, identifier AS customer_key FROM {_AFFECTED_IDENTITIES}",
        },
        mart=KeyFilter("affected", c.BY_PERSON),
        inputs={
            "customer_identity": KeyFilter("affected", c.BY_PERSON, materialize=True),
            "customer_daily": KeyFilter("affected_key", c.BY_CUSTOMER_KEY),
        },
        chunk_by=c.BY_PERSON,
    ),
    # The tombstones have this column, so `customer_cohort` knows the cohorts that persons left.
    month_column="cohort_month",
    key_hashes=(c.BY_PERSON,),
    is_published=False,
    reconciliation=Reconciliation(
        "interaction_count", group_by=("company_id",), predicate="customer_key IS NOT NULL"
    ),
    value_rules=(_MONTHS_ARE_IN_ORDER, at_most("purchase_count", "interaction_count")),
)

BY_COHORT_MONTH = ("company_id", "cohort_month", "activity_month")

CUSTOMER_COHORT = Mart(
    name="customer_cohort",
    columns=(
        c.COMPANY_ID,
        _COHORT_MONTH,
        _ACTIVITY_MONTH,
        TableColumn(
            "months_since",
            INTEGER,
            "Months from cohort_month to activity_month.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        c.count("active_person_count", "Persons of the cohort with an interaction in the month."),
        *_TOTALS,
    ),
    refresh_scope=RefreshScope(
        tables={"affected": _sql("customer_cohort/affected")},
        mart=KeyFilter("affected", BY_COHORT_MONTH),
        follows_rows_of=PERSON_MONTH.name,
        inputs={PERSON_MONTH.name: KeyFilter("affected", BY_COHORT_MONTH)},
    ),
    value_rules=(_MONTHS_ARE_IN_ORDER, at_most("active_person_count", "interaction_count")),
)

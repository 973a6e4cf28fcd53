"""Checks of the marts of baskets and product pairs, over all rows and over affected keys."""

from collections.abc import Iterator

from cdp_etl.marts.checks.comparisons import different_sums, unknown_keys
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.columns import BY_PERSON

_BY_MONTH = ("company_id", "basket_kind", "basket_month")
_MONTH = ", ".join(_BY_MONTH)


def basket_checks() -> Iterator[Check]:
    """Yield the checks that do not follow from the declarations."""
    yield Check(
        "persons_are_known",
        "person_basket",
        "Every person of the mart is a person of `customer_identity`.",
        BY_PERSON,
        unknown_keys(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM marts.person_basket",
            "SELECT company_id, person_id FROM marts.customer_identity",
        ),
        unknown_keys(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM marts.person_basket SEMI JOIN affected"
            " USING (company_id, person_id, basket_kind, started_at)",
            "SELECT company_id, person_id FROM customer_identity",
        ),
    )
    yield Check(
        "totals_agree_with_baskets",
        "product_pair_month",
        "In every month, the products with themselves count as often as in the baskets.",
        _BY_MONTH,
        *(
            different_sums(
                _BY_MONTH,
                f"SELECT {_MONTH}, basket_count AS n FROM marts.product_pair_month{only}"
                " WHERE product_a = product_b",
                f"SELECT {_MONTH}, product_count AS n FROM {baskets} WHERE products IS NOT NULL",
            )
            for baskets, only in _SCOPES
        ),
    )
    yield Check(
        "totals_agree_with_baskets",
        "basket_month",
        "Every month has as many baskets as `person_basket`.",
        _BY_MONTH,
        *(
            different_sums(
                _BY_MONTH,
                f"SELECT {_MONTH}, basket_count AS n FROM marts.basket_month{only}",
                f"SELECT {_MONTH}, 1 AS n FROM {baskets}",
            )
            for baskets, only in _SCOPES
        ),
    )


_SCOPES = (
    ("marts.person_basket", ""),
    ("person_basket", f" SEMI JOIN affected USING ({_MONTH})"),
)
"""Baskets, and the filter of the mart by month: all rows, and those of affected keys."""

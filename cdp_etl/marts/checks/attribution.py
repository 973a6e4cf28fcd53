"""Checks of the marts of attributed sales, over all rows and over affected keys."""

from collections.abc import Iterator

from cdp_etl.marts.checks.comparisons import different_sums, unknown_keys
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.columns import BY_PERSON
from cdp_etl.marts.engine.key_lookup import lookup_by_hash

_PERSONS = "person_campaign_sale_daily"
_AFFECTED_PERSONS = lookup_by_hash(_PERSONS, "affected", BY_PERSON)
_DAY_OF_PERSON = (*BY_PERSON, "activity_date")
_DAY_OF_MODEL = ("company_id", "activity_date", "model")


def attribution_checks() -> Iterator[Check]:
    """Yield the checks that do not follow from the declarations."""
    yield Check(
        "persons_are_known",
        _PERSONS,
        "Every person of the mart is a person of `customer_identity`.",
        BY_PERSON,
        unknown_keys(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM marts.{_PERSONS}",
            "SELECT company_id, person_id FROM marts.customer_identity",
        ),
        unknown_keys(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM {_AFFECTED_PERSONS}",
            "SELECT company_id, person_id FROM customer_identity",
        ),
    )
    yield Check(
        "models_attribute_the_same_sales",
        _PERSONS,
        "On a day of a person, every model attributes as many purchases and as much revenue.",
        _DAY_OF_PERSON,
        _different_models(f"marts.{_PERSONS}"),
        _different_models(f"{_AFFECTED_PERSONS} SEMI JOIN affected USING (company_id, person_id, activity_date)"),
    )
    yield Check(
        "totals_agree_with_its_persons",
        "campaign_attribution",
        "On every day, every model has as many shares as `person_campaign_sale_daily`.",
        _DAY_OF_MODEL,
        _different_shares("marts.campaign_attribution", f"marts.{_PERSONS}"),
        _different_shares(
            *(
                f"{rows} SEMI JOIN affected USING"
                " (company_id, channel, service_provider, campaign_id, activity_date)"
                for rows in ("marts.campaign_attribution", _PERSONS)
            )
        ),
    )


def _different_models(rows: str) -> str:
    same = " AND ".join(
        f"sum({model}_{total}) = sum(linear_{total})"
        for model in ("last_touch", "first_touch")
        for total in ("purchases", "revenue")
    )
    by = ", ".join(_DAY_OF_PERSON)
    return f"SELECT {by}, 1 AS found, 0 AS expected FROM {rows} GROUP BY {by} HAVING NOT ({same})"


def _different_shares(found: str, expected: str) -> str:
    persons = " UNION ALL ".join(
        f"SELECT company_id, activity_date, '{model}' AS model, {count} AS n FROM {expected}"
        for model, count in (
            ("last_touch", "last_touch_sale_count"),
            ("first_touch", "first_touch_sale_count"),
            ("linear", "linear_share_count"),
        )
    )
    return different_sums(
        _DAY_OF_MODEL, f"SELECT company_id, activity_date, model, share_count AS n FROM {found}", persons
    )

"""The attribution marts share one refresh scope: each has its own window, touches and outcomes in it."""

import pytest

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.campaign_attribution import PERSON_CAMPAIGN_SALE_DAILY
from cdp_etl.marts.models.campaign_influence import PERSON_CAMPAIGN_PRODUCT_DAILY


def _statements(mart: Mart) -> str:
    scope = mart.refresh_scope
    assert scope is not None
    return "\n".join(scope.tables.values())


@pytest.mark.parametrize(
    ("mart", "own", "others"),
    [
        (
            PERSON_CAMPAIGN_PRODUCT_DAILY,
            ("getvariable('influence_days')", "event_type = 'clicked'", "product_sku IS NOT NULL"),
            ("attribution_days", "attribution_touches", "sale_type"),
        ),
        (
            PERSON_CAMPAIGN_SALE_DAILY,
            ("getvariable('attribution_days')", "getvariable('attribution_touches')", "sale_type IS NOT NULL"),
            ("influence_days", "event_type = 'clicked'", "product_sku"),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Mart) else "",
)
def test_a_scope_reads_the_settings_and_the_columns_of_its_mart_alone(
    mart: Mart, own: tuple[str, ...], others: tuple[str, ...]
) -> None:
    statements = _statements(mart)

    assert [part for part in own if part not in statements] == []
    assert [part for part in others if part in statements] == []
    assert "$" not in statements

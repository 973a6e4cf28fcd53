"""All marts, in the order in which they depend on each other."""

from collections.abc import Iterable

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.errors import MartUnknownError
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_DAILY
from cdp_etl.marts.models.campaign_influence import CAMPAIGN_INFLUENCE, PERSON_CAMPAIGN_PRODUCT_DAILY
from cdp_etl.marts.models.customer import CUSTOMER, CUSTOMER_DAILY
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY, IDENTITY_CHANGE
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT
from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.identifier_link import IDENTIFIER_LINK
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.interaction_daily import INTERACTION_DAILY
from cdp_etl.marts.models.product import PRODUCT, PRODUCT_DAILY
from cdp_etl.marts.models.shared_identifier import SHARED_IDENTIFIER

MARTS: tuple[Mart, ...] = (
    INTERACTION,
    INTERACTION_DAILY,
    CUSTOMER_PRODUCT_DAILY,
    IDENTIFIER_LINK,
    CUSTOMER_IDENTITY,
    IDENTITY_CHANGE,
    SHARED_IDENTIFIER,
    CUSTOMER_PRODUCT,
    PRODUCT_DAILY,
    PRODUCT,
    CAMPAIGN_DAILY,
    CUSTOMER_DAILY,
    CUSTOMER,
    PERSON_CAMPAIGN_PRODUCT_DAILY,
    CAMPAIGN_INFLUENCE,
)
"""Each stands behind the marts that it reads."""


def mart_named(name: str) -> Mart:
    """Give the mart of that name.

    Raises:
        MartUnknownError: where there is none.
    """
    for mart in MARTS:
        if mart.name == name:
            return mart
    raise MartUnknownError(name, tuple(mart.name for mart in MARTS))


def with_upstream(marts: Iterable[Mart]) -> tuple[Mart, ...]:
    """Give the marts and all that they read, directly or not, in order."""
    needed: set[str] = {mart.name for mart in marts}
    for mart in reversed(MARTS):
        if mart.name in needed:
            needed.update(mart.inputs)
    return tuple(mart for mart in MARTS if mart.name in needed)


def downstream(mart: Mart) -> tuple[Mart, ...]:
    """Give the marts that read it, directly or not, in order."""
    reached = {mart.name}
    for later in MARTS:
        if not reached.isdisjoint(later.inputs):
            reached.add(later.name)
    return tuple(later for later in MARTS if later.name in reached and later != mart)

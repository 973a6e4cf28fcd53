"""Registry of all marts, in dependency order."""

from cdp_etl.marts.engine.graph import MartGraph
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.campaign import CAMPAIGN
from cdp_etl.marts.models.campaign_attribution import CAMPAIGN_ATTRIBUTION, PERSON_CAMPAIGN_SALE_DAILY
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_DAILY
from cdp_etl.marts.models.campaign_influence import CAMPAIGN_INFLUENCE, PERSON_CAMPAIGN_PRODUCT_DAILY
from cdp_etl.marts.models.consent import CONSENT
from cdp_etl.marts.models.customer import CUSTOMER, CUSTOMER_DAILY
from cdp_etl.marts.models.customer_cohort import CUSTOMER_COHORT, PERSON_MONTH
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY, IDENTITY_CHANGE
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT
from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.customer_rfm import CUSTOMER_RFM
from cdp_etl.marts.models.identifier_link import IDENTIFIER_LINK
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.interaction_daily import INTERACTION_DAILY
from cdp_etl.marts.models.product import PRODUCT, PRODUCT_DAILY
from cdp_etl.marts.models.product_pair import BASKET_MONTH, PERSON_BASKET, PRODUCT_PAIR, PRODUCT_PAIR_MONTH
from cdp_etl.marts.models.segment_member import SEGMENT_DAILY, SEGMENT_MEMBER
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
    CONSENT,
    CUSTOMER,
    CUSTOMER_RFM,
    PERSON_MONTH,
    CUSTOMER_COHORT,
    SEGMENT_MEMBER,
    SEGMENT_DAILY,
    PERSON_CAMPAIGN_PRODUCT_DAILY,
    CAMPAIGN_INFLUENCE,
    PERSON_CAMPAIGN_SALE_DAILY,
    CAMPAIGN_ATTRIBUTION,
    CAMPAIGN,
    PERSON_BASKET,
    PRODUCT_PAIR_MONTH,
    BASKET_MONTH,
    PRODUCT_PAIR,
)
"""Each mart after the marts that it reads."""

PUBLISHED = tuple(mart for mart in MARTS if mart.is_published)
"""Marts of the snapshot."""

GRAPH = MartGraph(MARTS)

mart_named = GRAPH.mart_named
with_upstream = GRAPH.with_upstream
downstream = GRAPH.downstream

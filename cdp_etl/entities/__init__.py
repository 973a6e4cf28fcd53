"""The entities of the contract.

Belongs here: one module per entity, columns shared by several entities, the list of generated documents.
Does not belong here: how declarations are validated or rendered (`cdp_etl.contract`).
"""

from cdp_etl.contract.entity import Entity
from cdp_etl.entities.customer_product_activity import CustomerProductActivity
from cdp_etl.entities.customer_product_comment import CustomerProductComment
from cdp_etl.entities.customer_product_review import CustomerProductReview
from cdp_etl.entities.customer_product_subscriber import CustomerProductSubscriber
from cdp_etl.entities.email_interaction import EmailInteraction
from cdp_etl.entities.sms_interaction import SmsInteraction

ENTITIES: tuple[Entity, ...] = tuple(
    Entity(model)
    for model in (
        CustomerProductActivity,
        EmailInteraction,
        SmsInteraction,
        CustomerProductComment,
        CustomerProductReview,
        CustomerProductSubscriber,
    )
)
"""All entities, in the contract's order."""

BY_NAME: dict[str, Entity] = {entity.name: entity for entity in ENTITIES}
"""The entities by their contract name."""

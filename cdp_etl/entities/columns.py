"""Columns that several entities share: one name, one meaning, one type."""

from datetime import datetime
from typing import Annotated

from cdp_etl.contract.columns import Col, ContractType, Personal

TimezoneGmt = Annotated[
    int,
    Col(
        ContractType.INTEGER,
        "Hours by which the record's timestamps are ahead of GMT. UTC is the delivered value minus this. "
        "If absent, timestamps are not shifted. Stored, so that the delivered value is not lost.",
        minimum=-12,
        maximum=14,
    ),
]
SystemName = Annotated[
    str,
    Col(ContractType.STRING, "Name of the delivering system. Part of the record's key.", is_id=True),
]
InternalCompanyId = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Company of the record, if the system serves several. Part of the record's key.",
        is_id=True,
    ),
]
RecordStatus = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Active or Deleted. The marts exclude a record whose newest version is Deleted. If absent: Active.",
        vocabulary=("Active", "Deleted"),
    ),
]

CustomerId = Annotated[
    str,
    Col(ContractType.STRING, "Customer id within the company.", personal=Personal.IDENTIFIER, is_id=True),
]
CustomerName = Annotated[
    str,
    Col(ContractType.STRING, "Customer's name.", personal=Personal.NAME),
]
CustomerPhone = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Customer's phone number as delivered. Required if customerEmail is missing.",
        personal=Personal.PHONE,
        is_contact=True,
    ),
]
CustomerEmail = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Customer's e-mail address as delivered. Required if customerPhone is missing.",
        personal=Personal.EMAIL,
        is_contact=True,
    ),
]

ProductSku = Annotated[str, Col(ContractType.STRING, "Product SKU.", is_id=True)]
ProductName = Annotated[str, Col(ContractType.STRING, "Product name.")]
ProductCategory = Annotated[str, Col(ContractType.STRING, "Product category name.")]
ProductCategoryId = Annotated[str, Col(ContractType.STRING, "Product category id.", is_id=True)]
ProductImageLink = Annotated[str, Col(ContractType.STRING, "Link to the product's image.")]
ProductLink = Annotated[str, Col(ContractType.STRING, "Link to the product's page.")]
ProductPrice = Annotated[float, Col(ContractType.DOUBLE, "Price of the product.")]
ProductPrice4Sale = Annotated[
    float,
    Col(ContractType.DOUBLE, "Price after discounts (final price)."),
]

Title = Annotated[str, Col(ContractType.STRING, "Title of the text.")]
Content = Annotated[str, Col(ContractType.STRING, "Text that the customer wrote.")]
IpAddress = Annotated[
    str,
    Col(ContractType.STRING, "IP address of the sender.", personal=Personal.IP),
]

InteractionId = Annotated[str, Col(ContractType.STRING, "Id of the event in the delivering system.", is_id=True)]
EventAt = Annotated[
    datetime,
    Col(ContractType.TIMESTAMP, "Time of the event, delivered as epoch milliseconds."),
]
ActionAt = Annotated[
    datetime,
    Col(
        ContractType.TIMESTAMP,
        "Time of the action, delivered as epoch milliseconds.",
    ),
]
TrackId = Annotated[
    str, Col(ContractType.STRING, "Tracking key of the campaign, created by the delivering system.", is_id=True)
]
GaTid = Annotated[str, Col(ContractType.STRING, "Google Analytics tracking id.", is_id=True)]
GaCid = Annotated[
    str,
    Col(ContractType.STRING, "Google Analytics client id.", personal=Personal.IDENTIFIER, is_id=True),
]
O2oCid = Annotated[str, Col(ContractType.STRING, "O2O client id.", personal=Personal.IDENTIFIER, is_id=True)]
Link = Annotated[str, Col(ContractType.STRING, "Link that the user clicked.")]
Link2 = Annotated[str, Col(ContractType.STRING, "Second link that the user clicked.")]
MessageId = Annotated[str, Col(ContractType.STRING, "Message id.", is_id=True)]
TemplateId = Annotated[str, Col(ContractType.STRING, "Template id, assigned by the service provider.", is_id=True)]
TemplateName = Annotated[str, Col(ContractType.STRING, "Template name.")]
CampaignId = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Campaign id, assigned by the service provider. Unique only within that provider.",
        is_id=True,
    ),
]
CampaignName = Annotated[str, Col(ContractType.STRING, "Campaign name.")]
WebhookId = Annotated[str, Col(ContractType.STRING, "Webhook id, assigned by the service provider.", is_id=True)]
Reason = Annotated[str, Col(ContractType.STRING, "Message that explains the event.")]
Tags = Annotated[list[str], Col(ContractType.LIST, "Tags of the message.", is_set_aside=True)]

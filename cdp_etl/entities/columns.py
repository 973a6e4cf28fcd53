"""Columns that more than one entity has: one name, one meaning, one type.

Put a column here when two entities must agree on it. A column of one entity stands in that entity's file.
"""

from datetime import datetime
from typing import Annotated

from cdp_etl.contract.columns import Col, ContractType, Personal

TimezoneGmt = Annotated[
    int,
    Col(
        ContractType.INTEGER,
        "Hours that the record's moments are ahead of GMT. CDP stores them in GMT-0: UTC is the "
        "delivered value minus this; absent, nothing is shifted. Kept, so that the delivered value is not lost.",
        example="7",
        minimum=-12,
        maximum=14,
    ),
]
SystemName = Annotated[
    str,
    Col(ContractType.STRING, "Name of the delivering system. Part of the record's key.", example="Website"),
]
InternalCompanyId = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Company the record belongs to, where the system serves several. Part of the record's key.",
        example="ORG1029130112",
    ),
]
RecordStatus = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Active, or Deleted: gone from the marts while this is the newest version. Absent: Active.",
        example="Active",
        vocabulary=("Active", "Deleted"),
    ),
]

CustomerId = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Customer id in the delivering company.",
        example="user1",
        personal=Personal.IDENTIFIER,
    ),
]
CustomerName = Annotated[
    str,
    Col(ContractType.STRING, "Customer's name.", example="Nguyen Van A", personal=Personal.NAME),
]
CustomerPhone = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Customer's phone as delivered. Required if customerEmail is missing.",
        example="098685xxxx",
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

ProductSku = Annotated[str, Col(ContractType.STRING, "Product SKU.", example="SKU3263252632")]
ProductName = Annotated[str, Col(ContractType.STRING, "Product name.", example="Iphone 12")]
ProductCategory = Annotated[str, Col(ContractType.STRING, "Product category name.")]
ProductCategoryId = Annotated[str, Col(ContractType.STRING, "Product category id.", example="C1020")]
ProductImageLink = Annotated[str, Col(ContractType.STRING, "Link to the product's image.")]
ProductLink = Annotated[str, Col(ContractType.STRING, "Link to the product's page.")]
ProductPrice = Annotated[float, Col(ContractType.DOUBLE, "Price of the product.", example="23520000")]
ProductPrice4Sale = Annotated[
    float,
    Col(ContractType.DOUBLE, "Price after discounts, known as the final price.", example="23000000"),
]

Title = Annotated[str, Col(ContractType.STRING, "Title.", example="Tình trạng sản phẩm")]
Content = Annotated[str, Col(ContractType.STRING, "Text.", example="Xin hỏi sản phẩm này còn không?")]
IpAddress = Annotated[
    str,
    Col(ContractType.STRING, "IP address it was sent from.", example="152.25.26.3", personal=Personal.IP),
]

InteractionId = Annotated[str, Col(ContractType.STRING, "Id of the event in the delivering system.")]
EventAt = Annotated[
    datetime,
    Col(ContractType.TIMESTAMP, "Time of the event, epoch milliseconds as delivered.", example="1584507164000"),
]
ActionAt = Annotated[
    datetime,
    Col(
        ContractType.TIMESTAMP,
        "Time of the action, epoch milliseconds as delivered.",
        example="1584483275000",
    ),
]
TrackId = Annotated[str, Col(ContractType.STRING, "Key that the delivering system made for the campaign, if any.")]
GaTid = Annotated[str, Col(ContractType.STRING, "Google Analytics tracking id.", example="UA-0903923823-1")]
GaCid = Annotated[
    str,
    Col(
        ContractType.STRING,
        "Google Analytics client id.",
        example="7349856723987544.5879843467874238",
        personal=Personal.IDENTIFIER,
    ),
]
O2oCid = Annotated[str, Col(ContractType.STRING, "O2O client id.", personal=Personal.IDENTIFIER)]
Link = Annotated[str, Col(ContractType.STRING, "Link that the user clicked.")]
Link2 = Annotated[str, Col(ContractType.STRING, "Second link that the user clicked.")]
MessageId = Annotated[str, Col(ContractType.STRING, "Message id.", example="1584507164000")]
TemplateId = Annotated[str, Col(ContractType.STRING, "Template id, given by the service provider.")]
TemplateName = Annotated[str, Col(ContractType.STRING, "Template name.")]
CampaignId = Annotated[
    str,
    Col(ContractType.STRING, "Campaign id, given by the service provider and unique with it only."),
]
CampaignName = Annotated[str, Col(ContractType.STRING, "Campaign name.")]
WebhookId = Annotated[str, Col(ContractType.STRING, "Webhook id, given by the service provider.")]
Reason = Annotated[str, Col(ContractType.STRING, "Message that explains the event.")]
Tags = Annotated[list[str], Col(ContractType.LIST, "List of tags.", example='["tag1"]')]

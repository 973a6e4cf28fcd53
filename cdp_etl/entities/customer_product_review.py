"""The entity customer-product-review, field by field in the contract's order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import JsonValue

from cdp_etl.contract.base_record import CustomerContact, Record
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.entities import columns as c


class CustomerProductReview(CustomerContact, Record):
    """One review of a product by a customer.

    The contract does not limit `rating`: scales of five and of ten may both occur.
    """

    entity_name: ClassVar[str] = "customer-product-review"
    own_id: ClassVar[str] = "review_id"
    main_timestamp: ClassVar[str] = "reviewed_at"
    supports_ignored_update_cfs: ClassVar[bool] = True
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "Website",
        "reviewed_at": 1584483275000,
        "image_links": ["Link1", "Link2"],
        "ip_address": "152.25.26.3",
        "customer_id": "user1",
        "customer_name": "Nguyen Van A",
        "customer_phone": "0359677xxx",
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    reviewed_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the review, delivered as epoch milliseconds.",
        ),
    ]
    review_id: Annotated[str, Col(ContractType.STRING, "Id of the review.", is_id=True)]
    rating: Annotated[int, Col(ContractType.INTEGER, "Rating, on the delivering system's own scale.")] | None = (
        None
    )
    title: c.Title | None = None
    content: c.Content
    image_links: (
        Annotated[
            list[str],
            Col(ContractType.LIST, "Links to images attached to the review.", is_set_aside=True),
        ]
        | None
    ) = None
    ip_address: c.IpAddress | None = None
    customer_id: c.CustomerId
    customer_name: c.CustomerName
    customer_phone: c.CustomerPhone | None = None
    customer_email: c.CustomerEmail | None = None
    product_sku: c.ProductSku
    product_name: c.ProductName
    product_category: c.ProductCategory | None = None
    product_category_id: c.ProductCategoryId | None = None
    product_image_link: c.ProductImageLink | None = None
    product_link: c.ProductLink | None = None
    product_price: c.ProductPrice | None = None
    product_price4_sale: c.ProductPrice4Sale | None = None
    record_status: c.RecordStatus = "Active"

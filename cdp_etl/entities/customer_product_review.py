"""The entity customer-product-review, field by field in the contract's order."""

from datetime import datetime
from typing import Annotated, ClassVar

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

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    reviewed_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the review, delivered as epoch milliseconds.",
            example="1584483275000",
        ),
    ]
    review_id: Annotated[str, Col(ContractType.STRING, "Id of the review.")]
    rating: (
        Annotated[int, Col(ContractType.INTEGER, "Rating, on the delivering system's own scale.", example="5")]
        | None
    ) = None
    title: c.Title | None = None
    content: c.Content
    image_links: (
        Annotated[
            list[str],
            Col(ContractType.LIST, "Links to images attached to the review.", example='["Link1", "Link2"]'),
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

"""The entity customer-product-comment, field by field in the contract's order."""

from datetime import datetime
from typing import Annotated, ClassVar

from cdp_etl.contract.base_record import CustomerContact, Record
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.entities import columns as c


class CustomerProductComment(CustomerContact, Record):
    """One comment of a customer on a product, or an answer to one.

    The contract's own sample has a `productId` that its table does not list. It is stored in the extra fields.
    """

    entity_name: ClassVar[str] = "customer-product-comment"
    own_id: ClassVar[str] = "comment_id"
    main_timestamp: ClassVar[str] = "commented_at"
    supports_ignored_update_cfs: ClassVar[bool] = True

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    commented_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the comment, delivered as epoch milliseconds.",
            example="1584483275000",
        ),
    ]
    comment_id: Annotated[str, Col(ContractType.STRING, "Id of the comment.", example="106326142526362525")]
    parent_comment_id: (
        Annotated[str, Col(ContractType.STRING, "Id of the comment that this comment answers.")] | None
    ) = None
    title: c.Title | None = None
    content: c.Content
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

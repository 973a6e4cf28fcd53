"""The entity customer-product-comment, field by field in the contract's order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import JsonValue

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
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "Website",
        "internal_company_id": "ORG1029130112",
        "commented_at": 1584483275000,
        "comment_id": "106326142526362525",
        "title": "Tình trạng sản phẩm",
        "content": "Xin hỏi sản phẩm này còn không?",
        "ip_address": "152.25.26.3",
        "customer_id": "user1",
        "customer_name": "Nguyen Van A",
        "customer_phone": "098685xxxx",
        "product_sku": "SKU3263252632",
        "product_name": "Iphone 12",
        "product_category_id": "C1020",
        "product_image_link": "https://domain/...jpg",
        "product_link": "https://domain/product....html",
        "product_price": 23520000,
        "product_price4_sale": 23000000,
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    commented_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the comment, delivered as epoch milliseconds.",
        ),
    ]
    comment_id: Annotated[str, Col(ContractType.STRING, "Id of the comment.", is_id=True)]
    parent_comment_id: (
        Annotated[str, Col(ContractType.STRING, "Id of the comment that this comment answers.", is_id=True)] | None
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

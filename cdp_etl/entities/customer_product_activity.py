"""The entity customer-product-activity, field by field in the contract's order."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import JsonValue

from cdp_etl.contract.base_record import CustomerContact, Record
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.entities import columns as c


class CustomerProductActivity(CustomerContact, Record):
    """One action of a customer on a product, such as a search, a wish or a purchase.

    `action` is an open vocabulary (the contract says "etc"): do not rely on a closed list of its values.
    `price` is per unit. `quantity` is often absent; the marts then count one unit.
    """

    entity_name: ClassVar[str] = "customer-product-activity"
    own_id: ClassVar[str] = "action_id"
    main_timestamp: ClassVar[str] = "action_at"
    supports_ignored_update_cfs: ClassVar[bool] = True
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "Website",
        "action_id": "00000000001",
        "action": "Wishlist",
        "action_at": 1584483275000,
        "customer_id": "user1",
        "customer_name": "Nguyen Van A",
        "customer_phone": "098685xxxx",
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    action_id: Annotated[str, Col(ContractType.STRING, "Id of the action.", is_id=True)]
    action: Annotated[
        str,
        Col(ContractType.STRING, "Name of the action: Search, Wishlist, etc.", is_folded=True),
    ]
    action_at: c.ActionAt
    action_status: Annotated[str, Col(ContractType.STRING, "Status of the action.")] | None = None
    text_result: Annotated[str, Col(ContractType.STRING, "Result of the action, if it is text.")] | None = None
    bool_result: Annotated[bool, Col(ContractType.BOOLEAN, "Result of the action, if it is a boolean.")] | None = (
        None
    )
    long_result: Annotated[int, Col(ContractType.LONG, "Result of the action, if it is an integer.")] | None = None
    double_result: (
        Annotated[float, Col(ContractType.DOUBLE, "Result of the action, if it is a decimal number.")] | None
    ) = None
    customer_id: c.CustomerId
    customer_name: c.CustomerName
    customer_phone: c.CustomerPhone | None = None
    customer_email: c.CustomerEmail | None = None
    product_sku: c.ProductSku
    product_name: c.ProductName
    product_category: c.ProductCategory | None = None
    product_category_id: c.ProductCategoryId
    product_image_link: c.ProductImageLink | None = None
    product_link: c.ProductLink | None = None
    price: Annotated[float, Col(ContractType.DOUBLE, "Price of one unit.")] | None = None
    quantity: Annotated[int, Col(ContractType.INTEGER, "Number of units.")] | None = None
    record_status: c.RecordStatus = "Active"

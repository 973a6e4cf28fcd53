"""The entity customer-product-subscriber, field by field in the contract's order."""

from datetime import datetime
from typing import Annotated, ClassVar

from cdp_etl.contract.base_record import CustomerContact, Record
from cdp_etl.contract.columns import Col, ContractType, Personal
from cdp_etl.entities import columns as c


class CustomerProductSubscriber(CustomerContact, Record):
    """One subscription of a customer to news of a product; a later version may end it.

    The customer id may be absent: a visitor can subscribe by e-mail or phone alone.
    """

    entity_name: ClassVar[str] = "customer-product-subscriber"
    own_id: ClassVar[str] = "subscribe_id"
    main_timestamp: ClassVar[str] = "subscribe_at"
    supports_ignored_update_cfs: ClassVar[bool] = True

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    subscribe_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the subscription, delivered as epoch milliseconds.",
            example="1584483275000",
        ),
    ]
    subscribe_id: Annotated[str, Col(ContractType.STRING, "Id of the subscription.")]
    customer_id: c.CustomerId | None = None
    customer_name: c.CustomerName
    customer_phone: c.CustomerPhone | None = None
    customer_email: c.CustomerEmail | None = None
    customer_country: (
        Annotated[str, Col(ContractType.STRING, "Customer's country.", personal=Personal.ADDRESS)] | None
    ) = None
    customer_city: (
        Annotated[
            str,
            Col(ContractType.STRING, "Customer's city.", example="HCM", personal=Personal.ADDRESS),
        ]
        | None
    ) = None
    customer_district: (
        Annotated[
            str,
            Col(ContractType.STRING, "Customer's district.", example="Tan Phu", personal=Personal.ADDRESS),
        ]
        | None
    ) = None
    customer_address: (
        Annotated[str, Col(ContractType.STRING, "Customer's address.", personal=Personal.ADDRESS)] | None
    ) = None
    product_id: Annotated[str, Col(ContractType.STRING, "Product id.")] | None = None
    product_sku: c.ProductSku
    product_name: c.ProductName
    status: Annotated[
        str,
        Col(
            ContractType.STRING,
            "Status of the subscription.",
            example="Subscribed",
            vocabulary=("Subscribed", "Unsubscribed"),
        ),
    ]
    store_id: Annotated[str, Col(ContractType.STRING, "Store id.")] | None = None
    store_name: Annotated[str, Col(ContractType.STRING, "Store name.")] | None = None
    store_city: Annotated[str, Col(ContractType.STRING, "Store's city.")] | None = None
    store_district: Annotated[str, Col(ContractType.STRING, "Store's district.")] | None = None
    subscribe_email: (
        Annotated[bool, Col(ContractType.BOOLEAN, "Whether news may be sent by e-mail.", example="true")] | None
    ) = None
    subscribe_phone: (
        Annotated[bool, Col(ContractType.BOOLEAN, "Whether news may be sent by phone.", example="false")] | None
    ) = None
    source_channel: (
        Annotated[
            str,
            Col(
                ContractType.STRING,
                "Channel of the subscription.",
                example="Online",
                vocabulary=("Online", "Offline"),
            ),
        ]
        | None
    ) = None
    source_name: (
        Annotated[
            str,
            Col(ContractType.STRING, "Source of the subscription.", example="Website"),
        ]
        | None
    ) = None
    source_name_level2: (
        Annotated[str, Col(ContractType.STRING, "Second level of the source of the subscription.")] | None
    ) = None
    record_status: c.RecordStatus = "Active"

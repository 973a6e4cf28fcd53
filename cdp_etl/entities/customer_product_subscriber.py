"""The entity customer-product-subscriber, field by field in the contract's order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import JsonValue

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
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "Website",
        "subscribe_at": 1584483275000,
        "customer_id": "user1",
        "customer_name": "Nguyen Van A",
        "customer_phone": "0359677xxx",
        "customer_city": "HCM",
        "customer_district": "Tan Phu",
        "status": "Subscribed",
        "subscribe_email": True,
        "subscribe_phone": False,
        "source_channel": "Online",
        "source_name": "Website",
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    subscribe_at: Annotated[
        datetime,
        Col(
            ContractType.TIMESTAMP,
            "Time of the subscription, delivered as epoch milliseconds.",
        ),
    ]
    subscribe_id: Annotated[str, Col(ContractType.STRING, "Id of the subscription.", is_id=True)]
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
            Col(ContractType.STRING, "Customer's city.", personal=Personal.ADDRESS),
        ]
        | None
    ) = None
    customer_district: (
        Annotated[
            str,
            Col(ContractType.STRING, "Customer's district.", personal=Personal.ADDRESS),
        ]
        | None
    ) = None
    customer_address: (
        Annotated[str, Col(ContractType.STRING, "Customer's address.", personal=Personal.ADDRESS)] | None
    ) = None
    product_id: Annotated[str, Col(ContractType.STRING, "Product id.", is_id=True)] | None = None
    product_sku: c.ProductSku
    product_name: c.ProductName
    status: Annotated[
        str,
        Col(
            ContractType.STRING,
            "Status of the subscription.",
            vocabulary=("Subscribed", "Unsubscribed"),
        ),
    ]
    store_id: Annotated[str, Col(ContractType.STRING, "Store id.", is_id=True)] | None = None
    store_name: Annotated[str, Col(ContractType.STRING, "Store name.")] | None = None
    store_city: Annotated[str, Col(ContractType.STRING, "Store's city.")] | None = None
    store_district: Annotated[str, Col(ContractType.STRING, "Store's district.")] | None = None
    subscribe_email: Annotated[bool, Col(ContractType.BOOLEAN, "Whether news may be sent by e-mail.")] | None = (
        None
    )
    subscribe_phone: Annotated[bool, Col(ContractType.BOOLEAN, "Whether news may be sent by phone.")] | None = None
    source_channel: (
        Annotated[
            str,
            Col(
                ContractType.STRING,
                "Channel of the subscription.",
                vocabulary=("Online", "Offline"),
            ),
        ]
        | None
    ) = None
    source_name: (
        Annotated[
            str,
            Col(ContractType.STRING, "Source of the subscription."),
        ]
        | None
    ) = None
    source_name_level2: (
        Annotated[str, Col(ContractType.STRING, "Second level of the source of the subscription.")] | None
    ) = None
    record_status: c.RecordStatus = "Active"

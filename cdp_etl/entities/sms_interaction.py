"""The entity sms-interaction, field by field in the contract's order."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import JsonValue

from cdp_etl.contract.base_record import Record
from cdp_etl.contract.columns import Col, ContractType, Personal
from cdp_etl.entities import columns as c


class SmsInteraction(Record):
    """One event of one text message, as reported by the service provider: sent, clicked.

    The record has no customer id: only the number identifies the person. Unlike in e-mail, `actionAt` may be
    absent.
    """

    entity_name: ClassVar[str] = "sms-interaction"
    own_id: ClassVar[str] = "id"
    main_timestamp: ClassVar[str] = "event_at"
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "SMS-GW",
        "service_provider": "SMSGWA",
        "event": "clicked",
        "ga_tid": "UA-0903923823-1",
        "ga_cid": "7349856723987544.5879843467874238",
        "message_id": "1584507164000",
        "action_at": 1584507164000,
        "tags": ["tag1"],
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    id: c.InteractionId
    phone_number: Annotated[
        str,
        Col(
            ContractType.STRING,
            "Recipient's phone number as delivered.",
            personal=Personal.PHONE,
            is_contact=True,
        ),
    ]
    service_provider: Annotated[str, Col(ContractType.STRING, "SMS service provider.")]
    event_at: c.EventAt
    event: Annotated[str, Col(ContractType.STRING, "Type of the event: sent, clicked.", is_folded=True)]
    track_id: c.TrackId | None = None
    ga_tid: c.GaTid | None = None
    ga_cid: c.GaCid | None = None
    o2o_cid: c.O2oCid | None = None
    link: c.Link | None = None
    link2: c.Link2 | None = None
    message_id: c.MessageId | None = None
    template_id: c.TemplateId | None = None
    template_name: c.TemplateName | None = None
    campaign_id: c.CampaignId | None = None
    campaign_name: c.CampaignName | None = None
    webhook_id: c.WebhookId | None = None
    text: Annotated[str, Col(ContractType.STRING, "Text of the message.")] | None = None
    action_at: c.ActionAt | None = None
    reason: c.Reason | None = None
    tags: c.Tags | None = None
    record_status: c.RecordStatus = "Active"

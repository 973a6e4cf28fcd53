"""The entity email-interaction, field by field in the contract's order."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import JsonValue

from cdp_etl.contract.base_record import Record
from cdp_etl.contract.columns import Col, ContractType, Personal
from cdp_etl.entities import columns as c


class EmailInteraction(Record):
    """One event of one e-mail message, as reported by the service provider: sent, opened, clicked.

    The record has no customer id: only the address identifies the person. `event` is an open vocabulary. A
    provider may report the same opening twice under two ids: count distinct recipients, not rows.
    """

    entity_name: ClassVar[str] = "email-interaction"
    own_id: ClassVar[str] = "id"
    main_timestamp: ClassVar[str] = "event_at"
    examples: ClassVar[Mapping[str, JsonValue]] = {
        "timezone_gmt": 7,
        "system_name": "EDM-Platform",
        "service_provider": "Brevo",
        "event_at": 1584507164000,
        "event": "opened",
        "action_at": 1584507164000,
        "ga_tid": "UA-0903923823-1",
        "ga_cid": "7349856723987544.5879843467874238",
        "message_id": "1584507164000",
        "tags": ["tag1"],
        "record_status": "Active",
    }

    timezone_gmt: c.TimezoneGmt | None = None
    system_name: c.SystemName | None = None
    internal_company_id: c.InternalCompanyId | None = None
    id: c.InteractionId
    email: Annotated[
        str,
        Col(
            ContractType.STRING,
            "Recipient's e-mail address as delivered.",
            personal=Personal.EMAIL,
            is_contact=True,
        ),
    ]
    service_provider: Annotated[str, Col(ContractType.STRING, "E-mail service provider.")]
    event_at: c.EventAt
    event: Annotated[
        str,
        Col(ContractType.STRING, "Type of the event: opened, clicked and others.", is_folded=True),
    ]
    action_at: c.ActionAt
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
    subject: Annotated[str, Col(ContractType.STRING, "Subject of the message.")] | None = None
    reason: c.Reason | None = None
    tags: c.Tags | None = None
    record_status: c.RecordStatus = "Active"

"""Independent recomputation of consent from the delivered lines; it follows docs/marts.md and knows no SQL."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cdp_etl_tests.marts.recomputed import Row, Version, event_type

_CHANNELS = (("email", "e:", "subscribeEmail"), ("phone", "p:", "subscribePhone"))
_CHANNEL_OF_EVENT = {"email-interaction": "email", "sms-interaction": "phone"}


class Statement(NamedTuple):
    """A consent or a refusal, or (None) what lifts earlier unsubscribe events."""

    company: str
    contact: str
    channel: str
    is_given: bool | None
    stated_at: datetime
    entity: str
    record_key: str
    event_type: str | None


def statements(versions: Iterable[Version]) -> Iterator[Statement]:
    """Yield what versions state, in whatever dump they are delivered, the last or an earlier one of their key."""
    for version in versions:
        for channel, prefix, is_given in _claims(version):
            own = [name for name in version.identifiers if name.startswith(prefix)]
            for contact in own or [name for name in version.identifiers if name.startswith("c:")]:
                entity, company, system, own_id = version.key
                yield Statement(
                    company,
                    contact,
                    channel,
                    is_given,
                    version.occurred_at,
                    entity.replace("-", "_"),
                    f"{company}|{system}|{own_id}",
                    event_type(version),
                )


def _claims(version: Version) -> Iterator[tuple[str, str, bool | None]]:
    status = version.text("status")
    for channel, prefix, flag in _CHANNELS:
        is_given: Any = None
        if version.entity == "customer-product-subscriber":
            is_given = {"Unsubscribed": False, "Subscribed": version.record.get(flag)}.get(status or "")
        elif _CHANNEL_OF_EVENT.get(version.entity) == channel:
            is_given = False if event_type(version) in {"unsubscribed", "complained"} else None
            if event_type(version) == "resubscribed" and not version.is_deleted:
                yield channel, prefix, None
        if is_given is False or (is_given and not version.is_deleted):
            yield channel, prefix, is_given


def consent(versions: Iterable[Version]) -> list[Row]:
    """Return the rows of `consent`."""
    by_contact: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for statement in statements(versions):
        by_contact[statement[:3]].append(statement)
    rows = []
    for (company, contact, channel), all_stated in by_contact.items():
        lifts = [one.stated_at for one in all_stated if one.is_given is None]
        stated = [
            one
            for one in all_stated
            if one.is_given is not None
            and not (one.event_type == "unsubscribed" and any(one.stated_at < lifted for lifted in lifts))
        ]
        if not stated:
            continue
        newest = max(one.stated_at for one in stated)
        last = [one for one in stated if one.stated_at == newest]
        is_given = all(one.is_given for one in last)
        entity, record_key = min((one.entity, one.record_key) for one in last if one.is_given == is_given)
        rows.append(
            {
                "company_id": company,
                "contact": contact,
                "channel": channel,
                "is_given": is_given,
                "stated_at": newest,
                "entity": entity,
                "record_key": record_key,
            }
        )
    return rows


def person_consent(
    versions: Iterable[Version], records: Iterable[Version], identity: Sequence[Row]
) -> dict[tuple[str, str, str], bool]:
    """Return the consent of each person by company, person and channel; a person without statements is absent.

    Args:
        versions: All versions that were ever loaded.
        records: The current records.
        identity: The rows of `customer_identity`.
    """
    person = {(row["company_id"], row["identifier"]): row["person_id"] for row in identity}
    states = {(row["company_id"], row["contact"], row["channel"]): row["is_given"] for row in consent(versions)}
    found: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for record in records:
        if record.customer_key:
            owner = person[record.company, record.customer_key]
            for contact in record.identifiers:
                for channel, _, _ in _CHANNELS:
                    if (record.company, contact, channel) in states:
                        found[record.company, owner, channel].append(states[record.company, contact, channel])
    return {key: all(given) for key, given in found.items()}

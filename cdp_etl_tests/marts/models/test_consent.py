"""Worked examples of `consent` and of a person's consent in `customer`.

The first tests are faults that were found: each turned a refusal into consent.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.marts.models.consent import CONSENT
from cdp_etl.marts.models.customer import CUSTOMER
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse import withdraw_consent_statements
from cdp_etl_tests.marts.delivering import Delivered, Deliverer

CASES = Path(__file__).parents[2] / "cases" / "values-and-types"
SUBSCRIBER, EMAIL, SMS = "customer-product-subscriber", "email-interaction", "sms-interaction"
ACTIVITY = "customer-product-activity"
A_MAIL, A_PHONE = "a@ex.com", "0986851234"
E_A, P_A = "e:a@ex.com", "p:+84986851234"
DUMP = date(2026, 3, 10)


def at(hour: int, day: int = 1) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def _millis(hour: int, day: int = 1) -> int:
    return int(at(hour, day).timestamp() * 1000)


def subscriber(own_id: str, hour: int, status: str = "Subscribed", **values: Any) -> Delivered:
    """Return a subscription of u1 with both contacts and both flags set; None leaves a field out."""
    record = {
        "customerId": "u1",
        "customerName": "N",
        "customerEmail": A_MAIL,
        "customerPhone": A_PHONE,
        "productSku": "S1",
        "productName": "P",
        "subscribeEmail": True,
        "subscribePhone": True,
        "subscribeId": own_id,
        "status": status,
        "subscribeAt": _millis(hour),
    } | values
    return {name: value for name, value in record.items() if value is not None}


def email_event(own_id: str, hour: int, event: str, **values: Any) -> Delivered:
    return {
        "id": own_id,
        "email": A_MAIL,
        "serviceProvider": "Brevo",
        "eventAt": _millis(hour),
        "actionAt": _millis(hour),
        "event": event,
    } | values


def sms_event(own_id: str, hour: int, event: str) -> Delivered:
    return {"id": own_id, "phoneNumber": A_PHONE, "serviceProvider": "G", "eventAt": _millis(hour), "event": event}


def activity(own_id: str, **customer: str) -> Delivered:
    return {
        "action": "Wishlist",
        "actionAt": _millis(1),
        "actionId": own_id,
        "productSku": "S1",
        "productName": "P",
        "productCategoryId": "C",
        "customerName": "N",
    } | customer


@pytest.fixture
def warehouse(tmp_path: Path) -> Deliverer:
    return Deliverer(tmp_path)


def states(warehouse: Deliverer) -> dict[tuple[str, str], bool]:
    """Return `is_given` by contact and channel."""
    refresh_mart(warehouse.loader.warehouse, CONSENT, warehouse.settings)
    rows = warehouse.loader.rows("SELECT contact, channel, is_given FROM marts.consent")
    return {(row["contact"], row["channel"]): row["is_given"] for row in rows}


def persons(warehouse: Deliverer) -> dict[str, tuple[bool | None, bool | None]]:
    """Return consent to e-mail and to phone by person."""
    refresh_mart(warehouse.loader.warehouse, CUSTOMER, warehouse.settings)
    rows = warehouse.loader.rows("SELECT person_id, has_email_consent, has_phone_consent FROM marts.customer")
    return {row["person_id"]: (row["has_email_consent"], row["has_phone_consent"]) for row in rows}


def test_of_two_persons_with_one_phone_the_refusal_of_the_first_is_no_consent_when_the_second_subscribes(
    tmp_path: Path,
) -> None:
    """The phone refuses at 2, u2 subscribes with it at 3: the phone consents. u1 refuses e-mail as before.

    The refusal of u1's other phone stays.
    """
    warehouse = Deliverer(tmp_path, MartSettings(max_customers_per_identifier=1))
    other = "0912345678"
    warehouse.deliver(
        SUBSCRIBER, DUMP, [subscriber("1", 1), subscriber("2", 2, "Unsubscribed", customerPhone=other)]
    )
    warehouse.deliver(
        ACTIVITY, DUMP, [activity("1", customerId="u2", customerPhone=other, customerEmail="b@ex.com")]
    )
    assert persons(warehouse) == {"c:u1": (False, False), "c:u2": (None, False)}

    warehouse.deliver(
        SUBSCRIBER, date(2026, 3, 11), [subscriber("3", 3, customerId="u2", customerEmail="b@ex.com")]
    )

    assert states(warehouse)[P_A, "phone"] is True
    assert states(warehouse)["p:+84912345678", "phone"] is False
    assert persons(warehouse) == {"c:u1": (False, False), "c:u2": (True, False)}


@pytest.mark.parametrize(
    ("entity", "opt_out"),
    [
        pytest.param(SUBSCRIBER, subscriber("2", 2, "Unsubscribed"), id="an unsubscription"),
        pytest.param(EMAIL, email_event("1", 2, "complaint"), id="a complaint"),
    ],
)
def test_a_refusal_stays_when_its_record_is_deleted(warehouse: Deliverer, entity: str, opt_out: Delivered) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(entity, date(2026, 3, 11), [opt_out])
    warehouse.deliver(entity, date(2026, 3, 12), [dict(opt_out) | {"recordStatus": "Deleted"}])

    assert persons(warehouse)["c:u1"][0] is False


def test_a_refusal_stays_when_it_leaves_its_dump_by_redelivery(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, "complaint"), email_event("2", 3, "opened")])
    assert persons(warehouse) == {"c:u1": (False, True)}

    warehouse.deliver(EMAIL, DUMP, [email_event("2", 3, "opened")])

    assert persons(warehouse) == {"c:u1": (False, True)}


@pytest.mark.parametrize(
    "dumps",
    [
        pytest.param([["consent_one_dump"]], id="one dump"),
        pytest.param([["consent_two_dumps_day1"], ["consent_two_dumps_day2"]], id="two dumps"),
        pytest.param([["consent_two_dumps_day2"], ["consent_two_dumps_day1"]], id="two dumps, the other way"),
        pytest.param([["consent_two_dumps_day1"], []], id="the second without files"),
    ],
)
def test_the_lines_of_one_subscription_give_one_consent_however_they_are_cut_into_dumps(
    warehouse: Deliverer, dumps: Sequence[Sequence[str]]
) -> None:
    """Unsubscribed at 02:00, then Subscribed at 01:00: the newest statement is the refusal."""
    for number, names in enumerate(dumps):
        lines = "".join((CASES / f"{name}.ndjson").read_text("utf-8") for name in names)
        warehouse.deliver_text(SUBSCRIBER, date(2026, 3, 20 + number), lines)

    assert states(warehouse) == {(E_A, "email"): False, ("c:u1", "phone"): False}
    assert persons(warehouse) == {"c:u1": (False, False)}


@pytest.mark.parametrize("is_one_dump", [True, False])
def test_a_refusal_wins_a_tie_on_the_millisecond(warehouse: Deliverer, *, is_one_dump: bool) -> None:
    versions = [subscriber("1", 1, "Unsubscribed"), subscriber("1", 1)]
    for number, records in enumerate([versions] if is_one_dump else [[one] for one in versions]):
        warehouse.deliver(SUBSCRIBER, date(2026, 3, 10 + number), records)

    assert persons(warehouse) == {"c:u1": (False, False)}


def test_a_row_names_the_statement_that_counts(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(SMS, DUMP, [sms_event("9", 2, "Unsubscribed")])

    refresh_mart(warehouse.loader.warehouse, CONSENT, warehouse.settings)

    row = {"company_id": "", "channel": "email", "contact": E_A, "is_given": True, "stated_at": at(1)}
    assert warehouse.loader.rows("FROM marts.consent ORDER BY contact") == [
        row | {"entity": "customer_product_subscriber", "record_key": "||1"},
        row
        | {
            "channel": "phone",
            "contact": P_A,
            "is_given": False,
            "stated_at": at(2),
            "entity": "sms_interaction",
            "record_key": "||9",
        },
    ]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(subscriber("1", 1), {(E_A, "email"): True, (P_A, "phone"): True}, id="subscribed"),
        pytest.param(
            subscriber("1", 1, subscribeEmail=None, subscribePhone=False),
            {(P_A, "phone"): False},
            id="a channel without a flag is not named",
        ),
        pytest.param(
            subscriber("1", 1, "Unsubscribed", subscribeEmail=None),
            {(E_A, "email"): False, (P_A, "phone"): False},
            id="unsubscribed refuses both, whatever the flags",
        ),
        pytest.param(
            subscriber("1", 1, "Unsubscribed", customerPhone="098685xxxx"),
            {(E_A, "email"): False, ("c:u1", "phone"): False},
            id="masked phone",
        ),
        pytest.param(
            subscriber("1", 1, customerPhone=None),
            {(E_A, "email"): True, ("c:u1", "phone"): True},
            id="no phone",
        ),
        pytest.param(
            subscriber("1", 1, "Unsubscribed", customerPhone="098685xxxx", customerId=None),
            {(E_A, "email"): False},
            id="masked phone and no customer id",
        ),
        pytest.param(subscriber("1", 1, recordStatus="Deleted"), {}, id="a deletion is no consent"),
        pytest.param(
            subscriber("1", 1, "Unsubscribed", recordStatus="Deleted"),
            {(E_A, "email"): False, (P_A, "phone"): False},
            id="a deleted unsubscription refuses",
        ),
    ],
)
def test_a_subscription_states_by_contact(
    warehouse: Deliverer, record: Delivered, expected: dict[tuple[str, str], bool]
) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [record])

    assert states(warehouse) == expected


def test_quarantined_records_state_nothing(warehouse: Deliverer) -> None:
    load = warehouse.deliver(
        SUBSCRIBER, DUMP, [subscriber("1", 1), subscriber("2", 2, "Unsubscribed", productSku=None)]
    )

    assert (load.quarantined, states(warehouse)[E_A, "email"]) == (1, True)


def test_refusals_without_a_contact_are_counted_in_ledger_and_findings(warehouse: Deliverer) -> None:
    load = warehouse.deliver(
        EMAIL,
        DUMP,
        [
            email_event("1", 1, "unsubscribed", email="no address"),
            email_event("2", 1, "opened", email="no address"),
            email_event("3", 1, "unsubscribed"),
        ],
    )

    assert load.refusals_without_contact == 1
    assert load.findings[-1].startswith("1 refusals of consent name an unusable contact and no customer id.")
    assert warehouse.loader.rows("SELECT refusals_without_contact FROM ops.load") == [
        {"refusals_without_contact": 1}
    ]


@pytest.mark.parametrize(
    "event",
    ["unsubscribed", "Unsubscribed", "UNSUBSCRIBED", " complaint!", "Com-plaint", "unSubscribed", "opened"],
)
def test_an_event_refuses_if_the_interaction_has_the_type_of_an_opt_out(warehouse: Deliverer, event: str) -> None:
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 1, event)])
    persons(warehouse)

    (row,) = warehouse.loader.rows("SELECT event_type FROM marts.interaction")
    is_refusal = row["event_type"] in {"unsubscribed", "complained"}
    assert states(warehouse) == ({(E_A, "email"): False} if is_refusal else {})


@pytest.mark.full
def test_a_contact_that_a_person_no_longer_has_does_not_count(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1, "Unsubscribed")])
    assert persons(warehouse) == {"c:u1": (False, False)}
    new = subscriber("1", 3, customerEmail="b@ex.com", customerPhone="0912345678", subscribePhone=None)

    warehouse.deliver(SUBSCRIBER, date(2026, 3, 11), [new])

    assert persons(warehouse) == {"c:u1": (True, None)}
    assert states(warehouse)[E_A, "email"] is False


@pytest.mark.full
def test_a_record_that_loses_its_customer_id_no_longer_lends_its_contacts(tmp_path: Path) -> None:
    """The pair of e-mail and phone stays on one record, but the customer key of the record changes."""
    warehouse = Deliverer(tmp_path, MartSettings(identifier_denylist=(E_A,)))
    warehouse.deliver(SMS, DUMP, [sms_event("1", 1, "unsubscribed")])
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 1, "opened")])
    silent: dict[str, Any] = {"subscribeEmail": None, "subscribePhone": None}
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1, **silent)])
    assert persons(warehouse)[E_A] == (None, None)

    warehouse.deliver(SUBSCRIBER, date(2026, 3, 11), [subscriber("1", 1, customerId=None, **silent)])

    assert persons(warehouse)[E_A] == (None, False)


def test_the_statements_of_a_wrong_delivery_are_withdrawn(warehouse: Deliverer) -> None:
    """A corrected delivery repeats the right refusal: it stays in force."""
    right = email_event("2", 2, "unsubscribed", email="b@ex.com")
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    wrong = warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, "unsubscribed"), right])
    warehouse.deliver(EMAIL, DUMP, [right])
    assert persons(warehouse) == {"c:u1": (False, True), "e:b@ex.com": (False, None)}

    withdrawal = withdraw_consent_statements(warehouse.loader.warehouse, BY_NAME[EMAIL], DUMP, wrong.load_seq)

    assert withdrawal.reason == f"2 consent statements of load {wrong.load_seq} were withdrawn."
    assert persons(warehouse) == {"c:u1": (True, True), "e:b@ex.com": (False, None)}
    stored = "SELECT count(*) AS n FROM staging.consent_statement WHERE load_seq = {}"
    assert warehouse.loader.rows(stored.format(wrong.load_seq)) == [{"n": 2}]


def test_a_withdrawal_of_the_only_statement_removes_the_row(warehouse: Deliverer) -> None:
    load = warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, "unsubscribed")])
    assert persons(warehouse) == {E_A: (False, None)}

    withdraw_consent_statements(warehouse.loader.warehouse, BY_NAME[EMAIL], DUMP, load.load_seq)

    assert (states(warehouse), persons(warehouse)) == ({}, {E_A: (None, None)})


def test_the_cases_have_the_lines_that_their_names_promise() -> None:
    one, first, second = (
        (CASES / f"consent_{name}.ndjson").read_text("utf-8").splitlines()
        for name in ("one_dump", "two_dumps_day1", "two_dumps_day2")
    )
    assert [json.loads(line)["status"] for line in one] == ["Unsubscribed", "Subscribed"]
    assert [json.loads(line) for line in one] == [json.loads(line) for line in (*first, *second)]


LEAVING = [
    ("Brevo", "unsubscribe"), ("Brevo", "spam"), ("SendGrid", "spamreport"), ("SendGrid", "group_unsubscribe"),
    ("Mailgun", "complained"), ("Mandrill", "unsub"), ("Amazon SES", "Complaint"), ("Postmark", "SpamComplaint"),
    ("SparkPost", "list_unsubscribe"), ("MailerSend", "activity.spam_complaint"), ("Nobody", "STOP"),
]  # fmt: skip # pairs, not one a line


@pytest.mark.parametrize(("provider", "event"), LEAVING)
def test_each_provider_has_its_own_word_for_leaving(warehouse: Deliverer, provider: str, event: str) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, event, serviceProvider=provider)])

    assert states(warehouse)[E_A, "email"] is False


def test_a_resubscription_lifts_an_earlier_unsubscribe_event_of_the_channel(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, "unsubscribed")])
    refused = states(warehouse)
    warehouse.deliver(EMAIL, date(2026, 3, 11), [email_event("2", 3, "resubscribed")])

    assert (refused[E_A, "email"], states(warehouse)[E_A, "email"]) == (False, True)
    assert states(warehouse)[P_A, "phone"] is True


def test_an_unsubscribe_event_that_arrives_after_the_resubscription_is_lifted_too(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1)])
    warehouse.deliver(EMAIL, DUMP, [email_event("2", 3, "resubscribed")])
    first = states(warehouse)
    warehouse.deliver(EMAIL, date(2026, 3, 11), [email_event("1", 2, "unsubscribed")])
    late = states(warehouse)
    warehouse.deliver(EMAIL, date(2026, 3, 12), [email_event("3", 4, "unsubscribed")])

    assert [found[E_A, "email"] for found in (first, late, states(warehouse))] == [True, True, False]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([("complaint", 2), ("resubscribed", 3)], False, id="a complaint stays"),
        pytest.param([("complaint", 1), ("unsubscribed", 2), ("resubscribed", 3)], False, id="also before it"),
        pytest.param([("unsubscribed", 3), ("resubscribed", 3)], False, id="at one time the refusal counts"),
        pytest.param([("unsubscribed", 3), ("resubscribed", 2)], False, id="an earlier one lifts nothing"),
        pytest.param([("unsubscribed", 2), ("resubscribed", 3)], None, id="it is no consent"),
        pytest.param([("resubscribed", 3)], None, id="nor alone"),
    ],
)
def test_a_resubscription_lifts_nothing_else_and_is_no_consent(
    warehouse: Deliverer, events: Sequence[tuple[str, int]], *, expected: bool | None
) -> None:
    records = [email_event(str(number), hour, event) for number, (event, hour) in enumerate(events)]
    warehouse.deliver(EMAIL, DUMP, records)

    assert states(warehouse).get((E_A, "email")) is expected


def test_a_subscription_that_ended_is_not_lifted_by_an_event(warehouse: Deliverer) -> None:
    warehouse.deliver(SUBSCRIBER, DUMP, [subscriber("1", 1, "Unsubscribed")])
    warehouse.deliver(EMAIL, DUMP, [email_event("1", 2, "group_resubscribe")])

    assert states(warehouse)[E_A, "email"] is False


def test_a_refusal_of_a_placeholder_or_a_masked_address_is_counted(warehouse: Deliverer) -> None:
    events = [
        email_event("1", 1, "spam", email="noemail@shop.vn"),
        email_event("2", 1, "unsubscribe", email="ng***@gmail.com"),
        email_event("3", 1, "opened", email="ng***@gmail.com"),
    ]

    result = warehouse.deliver(EMAIL, DUMP, events)

    assert result.refusals_without_contact == 2
    assert any("2 refusals of consent" in finding for finding in result.findings)

"""The mart `customer`: worked examples, above all of consent."""

from collections.abc import Sequence
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.marts.models.customer import CUSTOMER, CUSTOMER_DAILY
from cdp_etl.marts.refresh import run_mart
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, SMS, SUBSCRIBER, Loader, make_record, moment

_IDENTIFIERS = ("e:a", "p:1")
_BOTH = {"subscribe_email": True, "subscribe_phone": True}


def _subscriber(own_id: str, on: int, **values: Any) -> dict[str, Any]:
    return make_record(SUBSCRIBER, own_id, on=on, identifiers=_IDENTIFIERS, **_BOTH | values)


def test_a_person_over_all_identifiers_and_channels(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=1, identifiers=("c:1", "e:a"), customer_name="Nguyen"),
            make_record(ACTIVITY, "2", on=2, identifiers=("e:a",), customer_name="Nguyễn Văn A"),
        ],
    )
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", on=3, identifiers=("e:a",))])

    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    assert loader.rows("FROM marts.customer") == [
        {
            "company_id": "",
            "person_id": "c:1",
            "customer_name": "Nguyễn Văn A",
            "identifiers": ["c:1", "e:a"],
            "interaction_count": 3,
            "activity_count": 2,
            "comment_count": 0,
            "review_count": 0,
            "subscribe_count": 0,
            "unsubscribe_count": 0,
            "email_count": 1,
            "sms_count": 0,
            "first_at": moment(1),
            "last_at": moment(3),
            "has_email_consent": None,
            "has_phone_consent": None,
        }
    ]


def test_a_day_of_a_customer_key_with_the_newest_name_and_refusal(loader: Loader) -> None:
    """A key is no person: what was done under the e-mail address alone is a row of its own."""
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", hour=8, identifiers=("c:1", "e:a"), customer_name="Old"),
            make_record(ACTIVITY, "2", hour=9, identifiers=("c:1", "e:a"), customer_name="New"),
        ],
    )
    loader.load(
        EMAIL,
        1,
        [
            make_record(EMAIL, "1", hour=10, identifiers=("e:a",), event="unsubscribed"),
            make_record(EMAIL, "2", hour=11, identifiers=("e:a",), event="opened"),
        ],
    )

    run_mart(loader.warehouse, CUSTOMER_DAILY, loader.settings)

    rows = loader.rows(
        "SELECT customer_key, interaction_count, activity_count, email_count, first_at, last_at,"
        " newest_name.value AS name, latest_email_opt_out.value AS refusal, newest_sms_refusal AS sms"
        " FROM marts.customer_daily ORDER BY customer_key"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c:1", 2, 2, 0, moment(1, 8), moment(1, 9), "New", None, None),
        ("e:a", 2, 0, 2, moment(1, 10), moment(1, 11), None, "email_unsubscribed", None),
    ]


@pytest.mark.parametrize(
    ("loads", "by_email", "by_phone"),
    [
        pytest.param([(SUBSCRIBER, 1, _subscriber("1", 1))], True, True, id="subscribed"),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1, subscribe_phone=False))], True, False, id="by e-mail alone"
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1, subscribe_phone=None))], True, None, id="the phone not mentioned"
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1)), (SUBSCRIBER, 2, _subscriber("1", 2, status="Unsubscribed"))],
            False,
            False,
            id="a version ends it",
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 5)), (SUBSCRIBER, 2, _subscriber("1", 2, status="Unsubscribed"))],
            True,
            True,
            id="a version that came later speaks of an earlier day",
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1)), (SUBSCRIBER, 2, _subscriber("2", 2, status="Unsubscribed"))],
            False,
            False,
            id="another record ends it",
        ),
        pytest.param(
            [
                (SUBSCRIBER, 1, _subscriber("1", 1)),
                (EMAIL, 2, make_record(EMAIL, "1", on=2, event="unsubscribed", identifiers=("e:a",))),
            ],
            False,
            True,
            id="unsubscribed from an e-mail",
        ),
        pytest.param(
            [
                (SUBSCRIBER, 3, _subscriber("1", 3)),
                (EMAIL, 2, make_record(EMAIL, "1", on=2, event="Complaint", identifiers=("e:a",))),
            ],
            True,
            True,
            id="a complaint, then subscribed again",
        ),
        pytest.param(
            [
                (SUBSCRIBER, 1, _subscriber("1", 1)),
                (SMS, 2, make_record(SMS, "1", on=2, event="unsubscribed", identifiers=("p:1",))),
            ],
            True,
            False,
            id="unsubscribed from a text message",
        ),
        pytest.param(
            [(SMS, 2, make_record(SMS, "1", on=2, event="unsubscribed", identifiers=("p:1",)))],
            None,
            False,
            id="refused without ever having subscribed",
        ),
    ],
)
def test_consent_is_the_newest_statement(
    loader: Loader,
    loads: Sequence[tuple[Entity, int, dict[str, Any]]],
    by_email: bool | None,  # noqa: FBT001 - a case of the table above
    by_phone: bool | None,  # noqa: FBT001 - as above
) -> None:
    for entity, dump_day, record in loads:
        loader.load(entity, dump_day, [record])
        run_mart(loader.warehouse, CUSTOMER, loader.settings)

    (row,) = loader.rows("SELECT has_email_consent, has_phone_consent FROM marts.customer")
    assert (row["has_email_consent"], row["has_phone_consent"]) == (by_email, by_phone)


def test_a_deleted_subscription_states_nothing_any_more(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=_IDENTIFIERS)])
    loader.load(SUBSCRIBER, 1, [_subscriber("1", 1)])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)
    loader.load(SUBSCRIBER, 2, [_subscriber("1", 2, record_status="Deleted")])

    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    assert loader.rows("SELECT has_email_consent FROM marts.customer") == [{"has_email_consent": None}]


def test_a_person_who_gains_a_day_after_all_others_is_made_without_these(loader: Loader) -> None:
    """The refusal of day 5 is newer than the subscription of day 1, also when nothing but the row knows of it."""
    loader.load(SUBSCRIBER, 1, [_subscriber("1", on=1, customer_name="Lan")])
    loader.load(EMAIL, 5, [make_record(EMAIL, "1", on=5, identifiers=("e:a",), event="unsubscribed")])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.customer_daily")
    loader.load(ACTIVITY, 9, [make_record(ACTIVITY, "1", on=9, identifiers=_IDENTIFIERS)])

    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    (person,) = loader.rows("FROM marts.customer")
    assert (person["customer_name"], person["interaction_count"]) == ("Lan", 3)
    assert (person["first_at"], person["last_at"]) == (moment(1), moment(9))
    assert (person["has_email_consent"], person["has_phone_consent"]) == (False, True)


def test_an_identifier_that_a_new_record_brings_is_the_persons_too(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=1, identifiers=("c:1",), customer_name="Lan")])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", on=2, identifiers=("c:1", "e:new"))])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    (person,) = loader.rows("FROM marts.customer")
    assert (person["identifiers"], person["customer_name"]) == (["c:1", "e:new"], "Lan")


def test_the_name_that_a_new_day_gives_is_newer_than_the_one_so_far(loader: Loader) -> None:
    for on, name in ((1, "Lan"), (2, "Nguyễn Thị Lan"), (3, None)):
        loader.load(ACTIVITY, on, [make_record(ACTIVITY, str(on), on=on, customer_name=name)])
        run_mart(loader.warehouse, CUSTOMER, loader.settings)

    assert [person["customer_name"] for person in loader.rows("FROM marts.customer")] == ["Nguyễn Thị Lan"]


def test_a_person_that_gets_another_name_takes_along_what_it_did(loader: Loader) -> None:
    loader.load(
        SUBSCRIBER, 1, [make_record(SUBSCRIBER, "1", on=1, identifiers=("e:a",), **_BOTH, customer_name="Lan")]
    )
    loader.load(EMAIL, 5, [make_record(EMAIL, "1", on=5, identifiers=("e:a",), event="unsubscribed")])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.customer_daily")

    loader.load(ACTIVITY, 9, [make_record(ACTIVITY, "1", on=9, identifiers=("c:1", "e:a"))])
    run_mart(loader.warehouse, CUSTOMER, loader.settings)

    (person,) = loader.rows("FROM marts.customer")
    assert (person["person_id"], person["identifiers"]) == ("c:1", ["c:1", "e:a"])
    assert (person["customer_name"], person["interaction_count"]) == ("Lan", 3)
    assert (person["has_email_consent"], person["has_phone_consent"]) == (False, True)

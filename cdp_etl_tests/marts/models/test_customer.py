"""Worked examples of `customer_daily` and `customer`, above all of consent."""

from collections.abc import Sequence
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.marts.models.customer import CUSTOMER, CUSTOMER_DAILY
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, NO_SALES, SMS, SUBSCRIBER, Loader, at_hour, make_record

_IDENTIFIERS = ("e:a", "p:1")
_BOTH = {"subscribe_email": True, "subscribe_phone": True}


def _subscriber(own_id: str, on: int, **values: Any) -> dict[str, Any]:
    return make_record(SUBSCRIBER, own_id, on=on, identifiers=_IDENTIFIERS, **_BOTH | values)


def test_a_person_aggregates_all_identifiers_and_channels(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=1, identifiers=("c:1", "e:a"), customer_name="Nguyen"),
            make_record(ACTIVITY, "2", on=2, identifiers=("e:a",), customer_name="Nguyễn Văn A"),
        ],
    )
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", on=3, identifiers=("e:a",))])

    refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

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
            **NO_SALES,
            "last_purchase_date": None,
            "first_at": at_hour(1),
            "last_at": at_hour(3),
            "has_email_consent": None,
            "has_phone_consent": None,
        }
    ]


def test_a_day_of_a_customer_key_has_its_newest_name_and_opt_out(loader: Loader) -> None:
    """A customer key is not a person: interactions under the e-mail address alone are a separate row."""
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

    refresh_mart(loader.warehouse, CUSTOMER_DAILY, loader.settings)

    rows = loader.rows(
        "SELECT customer_key, interaction_count, activity_count, email_count, first_at, last_at,"
        " newest_name.value AS name, latest_email_opt_out.value AS opt_out, newest_sms_refusal AS sms"
        " FROM marts.customer_daily ORDER BY customer_key"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c:1", 2, 2, 0, at_hour(1, 8), at_hour(1, 9), "New", None, None),
        ("e:a", 2, 0, 2, at_hour(1, 10), at_hour(1, 11), None, "email_unsubscribed", None),
    ]


@pytest.mark.parametrize(
    ("loads", "by_email", "by_phone"),
    [
        pytest.param([(SUBSCRIBER, 1, _subscriber("1", 1))], True, True, id="subscribed"),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1, subscribe_phone=False))],
            True,
            False,
            id="by e-mail alone",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1, subscribe_phone=None))],
            True,
            None,
            id="phone not named",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1)), (SUBSCRIBER, 2, _subscriber("1", 2, status="Unsubscribed"))],
            False,
            False,
            id="a version ends it",
        ),
        pytest.param(
            [(SUBSCRIBER, 5, _subscriber("1", 5)), (SUBSCRIBER, 6, _subscriber("1", 2, status="Unsubscribed"))],
            True,
            True,
            id="a later version with an earlier timestamp",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [(SUBSCRIBER, 1, _subscriber("1", 1)), (SUBSCRIBER, 2, _subscriber("2", 2, status="Unsubscribed"))],
            False,
            False,
            id="another record ends it",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [
                (SUBSCRIBER, 1, _subscriber("1", 1)),
                (EMAIL, 2, make_record(EMAIL, "1", on=2, event="unsubscribed", identifiers=("e:a",))),
            ],
            False,
            True,
            id="unsubscribed from an e-mail",
            marks=pytest.mark.full,
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
            marks=pytest.mark.full,
        ),
        pytest.param(
            [(SMS, 2, make_record(SMS, "1", on=2, event="unsubscribed", identifiers=("p:1",)))],
            None,
            False,
            id="opt-out without a subscription",
            marks=pytest.mark.full,
        ),
    ],
)
def test_the_newest_statement_decides(
    loader: Loader,
    loads: Sequence[tuple[Entity, int, dict[str, Any]]],
    by_email: bool | None,  # noqa: FBT001 - a case of the table above
    by_phone: bool | None,  # noqa: FBT001 - as above
) -> None:
    for entity, dump_day, record in loads:
        loader.load(entity, dump_day, [record])
        refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

    (row,) = loader.rows("SELECT has_email_consent, has_phone_consent FROM marts.customer")
    assert (row["has_email_consent"], row["has_phone_consent"]) == (by_email, by_phone)


def test_a_person_who_gains_a_later_day_is_updated_from_the_stored_row(loader: Loader) -> None:
    """The opt-out of day 5 is newer than the subscription of day 1, even if only the stored row has it."""
    loader.load(SUBSCRIBER, 1, [_subscriber("1", on=1, customer_name="Lan")])
    loader.load(EMAIL, 5, [make_record(EMAIL, "1", on=5, identifiers=("e:a",), event="unsubscribed")])
    refresh_mart(loader.warehouse, CUSTOMER, loader.settings)
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.customer_daily")
    loader.load(ACTIVITY, 9, [make_record(ACTIVITY, "1", on=9, identifiers=_IDENTIFIERS)])

    refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

    (person,) = loader.rows("FROM marts.customer")
    assert (person["customer_name"], person["interaction_count"]) == ("Lan", 3)
    assert (person["first_at"], person["last_at"]) == (at_hour(1), at_hour(9))
    assert (person["has_email_consent"], person["has_phone_consent"]) == (False, True)


@pytest.mark.full
def test_an_identifier_on_a_new_record_is_added_to_the_person(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=1, identifiers=("c:1",), customer_name="Lan")])
    refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", on=2, identifiers=("c:1", "e:new"))])
    refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

    (person,) = loader.rows("FROM marts.customer")
    assert (person["identifiers"], person["customer_name"]) == (["c:1", "e:new"], "Lan")


@pytest.mark.full
def test_the_name_of_a_new_day_replaces_the_stored_name(loader: Loader) -> None:
    for on, name in ((1, "Lan"), (2, "Nguyễn Thị Lan"), (3, None)):
        loader.load(ACTIVITY, on, [make_record(ACTIVITY, str(on), on=on, customer_name=name)])
        refresh_mart(loader.warehouse, CUSTOMER, loader.settings)

    assert [person["customer_name"] for person in loader.rows("FROM marts.customer")] == ["Nguyễn Thị Lan"]

"""Properties of consent over generated histories: shared contacts, deletions, ties, redelivery, merges, splits."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.entities import BY_NAME
from cdp_etl.marts.models.consent import CONSENT
from cdp_etl.marts.models.customer import CUSTOMER
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse import withdraw_consent_statements
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts import recomputed, recomputed_consent
from cdp_etl_tests.marts.delivering import Delivered, Deliverer
from cdp_etl_tests.marts.recomputed import Row, Version

FIRST_DUMP = date(2026, 3, 10)
SUBSCRIBER, EMAIL, SMS = "customer-product-subscriber", "email-interaction", "sms-interaction"
MAX_CUSTOMERS = 1
"""A contact of two customers is excluded from identity matching, and still is a contact of both."""

EMAILS = st.sampled_from(["a@x.vn", "b@x.vn", "masked"])
PHONES = st.sampled_from(["0986851234", "0912345678", "098685xxxx"])
TIMES = st.integers(0, 3).map(lambda hour: int(datetime(2026, 3, 1, hour, tzinfo=UTC).timestamp() * 1000))
SHARED: Mapping[str, st.SearchStrategy[Any]] = {
    "recordStatus": st.sampled_from(["Active", "Active", "Active", "Deleted"]),
    "internalCompanyId": st.sampled_from(["A", "A", "A", "B"]),
}
IDS = st.sampled_from(["1", "2"])

Line = tuple[str, Delivered]
"""Entity and record."""


def _event(entity: str, **contact: st.SearchStrategy[Any]) -> st.SearchStrategy[Line]:
    record = st.fixed_dictionaries(
        {
            "id": IDS,
            "serviceProvider": st.just("P"),
            "event": st.sampled_from(["opened", "unsubscribed", "Complaint", "group_resubscribe"]),
            "eventAt": TIMES,
            "actionAt": TIMES,
            **contact,
            **SHARED,
        }
    )
    return st.tuples(st.just(entity), record)


def _subscription(values: Mapping[str, Any]) -> Line:
    """Return a subscription with at least one contact, as the contract requires."""
    record = {name: value for name, value in values.items() if value is not None}
    if "customerEmail" not in record and "customerPhone" not in record:
        record["customerPhone"] = "0986851234"
    return SUBSCRIBER, record


LINES = st.one_of(
    st.fixed_dictionaries(
        {
            "subscribeId": IDS,
            "subscribeAt": TIMES,
            "customerId": st.sampled_from(["u1", "u2", None]),
            "customerEmail": st.one_of(st.none(), EMAILS),
            "customerPhone": st.one_of(st.none(), PHONES),
            "customerName": st.just("N"),
            "productSku": st.just("S1"),
            "productName": st.just("P"),
            "status": st.sampled_from(["Subscribed", "Subscribed", "Unsubscribed"]),
            "subscribeEmail": st.sampled_from([True, True, False, None]),
            "subscribePhone": st.sampled_from([True, False, None]),
            **SHARED,
        }
    ).map(_subscription),
    _event(EMAIL, email=EMAILS),
    _event(SMS, phoneNumber=PHONES),
)
HISTORIES = st.lists(LINES, min_size=2, max_size=8)
DUMPS = st.integers(0, 2)
"""Number of days from the first dump date."""


def _load(warehouse: Deliverer, dump: int, lines: Iterable[Line]) -> dict[str, int]:
    """Load the lines as one dump of each entity; return the loads by entity."""
    by_entity: dict[str, list[Delivered]] = {}
    for entity, record in lines:
        by_entity.setdefault(entity, []).append(record)
    return {
        entity: warehouse.deliver(entity, FIRST_DUMP + timedelta(days=dump), records).load_seq
        for entity, records in by_entity.items()
    }


def _consent(warehouse: Deliverer) -> list[Row]:
    refresh_mart(warehouse.loader.warehouse, CONSENT, warehouse.settings)
    return warehouse.loader.rows("FROM marts.consent ORDER BY ALL")


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["company_id"], row["contact"], row["channel"]))


# Few examples, because a load waits for the disk.
@pytest.mark.full
@examples(12)
@given(HISTORIES, st.data())
def test_one_history_gives_equal_consent_however_it_is_cut_loaded_and_repeated(
    history: Sequence[Line], data: st.DataObject
) -> None:
    """Every cut into dumps, every order of loads, and a repeated load give the recomputed consent."""
    cuts = [data.draw(st.lists(DUMPS, min_size=len(history), max_size=len(history))) for _ in range(2)]
    expected = recomputed_consent.consent(Version(entity, FIRST_DUMP, record) for entity, record in history)
    for cut in cuts:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Deliverer(Path(folder))
            order = data.draw(st.permutations(sorted(set(cut))))
            for dump in [*order, order[0]]:
                _load(warehouse, dump, [line for line, own in zip(history, cut, strict=True) if own == dump])
                found = _consent(warehouse)

            assert found == _sorted(expected)


@pytest.mark.full
@examples(40)
@given(st.lists(st.tuples(DUMPS, st.lists(LINES, min_size=1, max_size=5), st.booleans()), min_size=1, max_size=4))
def test_consent_of_contacts_and_persons_equals_its_recomputation(
    loads: Sequence[tuple[int, Sequence[Line], bool]],
) -> None:
    """Loads replace dumps of the same day; some are withdrawn; marts are refreshed after each."""
    delivered: dict[tuple[str, int], list[Version]] = {}
    stated: dict[int, list[Version]] = {}
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Deliverer(Path(folder), MartSettings(max_customers_per_identifier=MAX_CUSTOMERS))
        for dump, lines, is_withdrawn in loads:
            for entity, load_seq in _load(warehouse, dump, lines).items():
                day = FIRST_DUMP + timedelta(days=dump)
                versions = [Version(entity, day, record) for name, record in lines if name == entity]
                delivered[entity, dump], stated[load_seq] = versions, versions
                has_statements = any(recomputed_consent.statements(versions))
                if is_withdrawn and has_statements:
                    withdraw_consent_statements(warehouse.loader.warehouse, BY_NAME[entity], day, load_seq)
                    del stated[load_seq]
            found = _consent(warehouse)
            refresh_mart(warehouse.loader.warehouse, CUSTOMER, warehouse.settings)

            versions = [version for load in stated.values() for version in load]
            assert found == _sorted(recomputed_consent.consent(versions))
            assert _persons(warehouse) == _expected_persons(versions, delivered.values())


def _persons(warehouse: Deliverer) -> dict[tuple[str, str], tuple[bool | None, bool | None]]:
    rows = warehouse.loader.rows(
        "SELECT company_id, person_id, has_email_consent, has_phone_consent FROM marts.customer"
    )
    return {
        (row["company_id"], row["person_id"]): (row["has_email_consent"], row["has_phone_consent"]) for row in rows
    }


def _expected_persons(
    stated: Sequence[Version], delivered: Iterable[Sequence[Version]]
) -> dict[tuple[str, str], tuple[bool | None, bool | None]]:
    records = recomputed.current({version.key: version for version in dump} for dump in delivered)
    identity = recomputed.customer_identity(records, MAX_CUSTOMERS)
    consent = recomputed_consent.person_consent(stated, records, identity)
    person = {(row["company_id"], row["identifier"]): row["person_id"] for row in identity}
    owners = {
        (record.company, person[record.company, record.customer_key]) for record in records if record.customer_key
    }
    return {
        (company, owner): (consent.get((company, owner, "email")), consent.get((company, owner, "phone")))
        for company, owner in owners
    }

"""The generated customers."""

from cdp_etl.sample.people import POPULATION, PROTECTED_EMAIL, make_people
from cdp_etl_tests.sample.reference_reader import is_dialable


def test_every_phone_that_is_not_masked_can_be_dialled() -> None:
    phones = make_people(1).table.get_column("customerPhone").drop_nulls().to_list()

    masked = [phone for phone in phones if phone.endswith("xxxx")]
    assert [phone for phone in phones if not is_dialable(phone)] == masked
    assert 0.04 < len(masked) / len(phones) < 0.06


def test_every_person_has_a_phone_or_an_address() -> None:
    people = make_people(1)
    phone, email = people.table.get_column("customerPhone"), people.table.get_column("customerEmail")

    assert (phone.is_not_null() | email.is_not_null()).all()
    assert phone.null_count() == POPULATION - len(people.with_phone)
    assert email.null_count() == POPULATION - len(people.with_email)


def test_some_persons_share_a_phone_but_none_an_address() -> None:
    table = make_people(1).table
    usable = table.get_column("customerEmail").drop_nulls().str.to_lowercase()

    assert table.get_column("customerPhone").drop_nulls().is_duplicated().any()
    assert usable.filter(usable != PROTECTED_EMAIL).is_unique().all()
    assert table.get_column("customerId").is_unique().all()

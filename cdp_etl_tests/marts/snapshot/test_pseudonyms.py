"""Pseudonyms and the other published forms of values: by definition, and different by company and by key."""

import hmac
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import DATE, HASH, INTEGER, TEXT, TEXT_LIST, DataType, TableColumn
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.errors import (
    PseudonymKeyInvalidError,
    PseudonymKeyMissingError,
    PublicationUndeclaredError,
)
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.manifest import MANIFEST
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.pseudonym_key import PseudonymKey, create_key, read_key
from cdp_etl.marts.snapshot.publication import PublishedForm, declared, published_columns
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, REVIEW, Loader, make_record

KEY = PseudonymKey(b"a key of at least thirty-two bytes")
CUSTOMER_KEY = TableColumn("customer_key", TEXT, "Key.", personal=Personal.IDENTIFIER)
_STRUCT = DataType("STRUCT(day DATE, id VARCHAR)", pl.Struct({"day": pl.Date(), "id": pl.String()}))


def _pseudonym(key: PseudonymKey, company: str, text: str) -> str:
    """Return a pseudonym by definition, as docs/marts.md gives it."""
    message = f"{len(company.encode())}:{company}{text}".encode()
    return hmac.digest(key.secret, message, "sha256").hex()[:32]


def _shown(
    form: PublishedForm, column: TableColumn, value: Any, company: str = "A", contacts: tuple[str, ...] = ()
) -> Any:
    """Return what the snapshot shows of a value."""
    with closing(duckdb.connect()) as connection:
        connection.execute("CREATE SCHEMA ops")
        connection.execute(
            "CREATE TABLE ops.contact_shaped_id AS SELECT unnest($c::VARCHAR[]) AS value", {"c": contacts}
        )
        form.prepare(connection)
        ((shown,),) = connection.execute(
            f"SELECT {form.expression(column)}"
            f" FROM (SELECT $company AS company_id, $value::{column.type.duckdb} AS {column.name})",
            {"company": company, "value": value},
        ).fetchall()
    return shown


@given(
    secret=st.binary(min_size=32, max_size=200),
    company=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
    contact=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80),
)
@examples(60)
def test_a_pseudonym_is_the_hmac_of_company_and_identifier(secret: bytes, company: str, contact: str) -> None:
    key = PseudonymKey(secret)

    shown = _shown(PublishedForm(key), CUSTOMER_KEY, f"e:{contact}", company)

    assert shown == "e:" + _pseudonym(key, company, f"e:{contact}")


@pytest.mark.parametrize(
    ("identifier", "is_pseudonym"),
    [
        pytest.param("e:lan@example.vn", True, id="an address"),
        pytest.param("p:+84901234567", True, id="a phone"),
        pytest.param("c:0901234567", True, id="a customer id that is a phone"),
        pytest.param("c:Shop|0901234567", True, id="the same with its system"),
        pytest.param("c:KH1", False, id="another customer id"),
        pytest.param("x:KH1", True, id="an unknown kind"),
    ],
)
@pytest.mark.parametrize("is_list", [False, True], ids=["a value", "a list"])
def test_identifiers_that_contain_contacts_become_pseudonyms(
    identifier: str, *, is_pseudonym: bool, is_list: bool
) -> None:
    column = replace(CUSTOMER_KEY, type=TEXT_LIST) if is_list else CUSTOMER_KEY
    contacts = ("c:0901234567", "c:Shop|0901234567")
    expected = f"{identifier[:2]}{_pseudonym(KEY, 'A', identifier)}" if is_pseudonym else identifier

    shown = _shown(PublishedForm(KEY), column, [identifier] if is_list else identifier, contacts=contacts)

    assert shown == ([expected] if is_list else expected)


def test_all_customer_ids_become_pseudonyms_if_the_form_says_so() -> None:
    form = PublishedForm(KEY, has_pseudonymous_customer_ids=True)

    assert _shown(form, CUSTOMER_KEY, "c:KH1") == "c:" + _pseudonym(KEY, "A", "c:KH1")


@pytest.mark.parametrize("contacts", [(), ("c:0901234567",)], ids=["no contacts", "contacts"])
def test_a_list_is_sorted_by_what_is_shown(contacts: tuple[str, ...]) -> None:
    column = replace(CUSTOMER_KEY, type=TEXT_LIST)
    form = PublishedForm(KEY, has_contact_ids=bool(contacts))
    identifiers = ["c:KH1", *(f"e:{number}@example.vn" for number in range(9))]

    shown = _shown(form, column, identifiers, contacts=contacts)

    assert shown == sorted(shown)
    assert len(set(shown)) == len(identifiers)


def test_a_missing_identifier_stays_null() -> None:
    for form in (PublishedForm(KEY), PublishedForm(KEY, has_contact_ids=False)):
        assert _shown(form, CUSTOMER_KEY, None) is None


def test_record_ids_and_keys_that_are_contacts_become_pseudonyms() -> None:
    record_id = TableColumn("record_id", TEXT, "Id.", publication=Publication.RECORD_ID)
    record_key = TableColumn("record_key", TEXT, "Key.", publication=Publication.RECORD_KEY)
    in_struct = TableColumn("newest", _STRUCT, "Newest.", publication={"id": Publication.RECORD_ID})
    contacts = ("0901234567", "A|Shop|0901234567")
    shown = "r:" + _pseudonym(KEY, "A", "r:0901234567")
    form = PublishedForm(KEY)

    assert _shown(form, record_id, "0901234567", contacts=contacts) == shown
    assert _shown(form, record_id, "R1", contacts=contacts) == "R1"
    assert _shown(form, record_key, contacts[1], contacts=contacts) == "k:" + _pseudonym(
        KEY, "", f"k:{contacts[1]}"
    )
    assert _shown(form, record_key, "A|Shop|R1", contacts=contacts) == "A|Shop|R1"
    assert _shown(form, in_struct, {"day": None, "id": "0901234567"}, contacts=contacts) == {
        "day": None,
        "id": shown,
    }
    assert _shown(form, in_struct, None, contacts=contacts) is None


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://shop.vn/p/1?email=lan@example.vn#x", "https://shop.vn/p/1"),
        ("https://shop.vn/p/1#0901234567", "https://shop.vn/p/1"),
        ("https://lan:pw@shop.vn/p/1", "https://shop.vn/p/1"),
        ("https://a@b@shop.vn/p/1", "https://shop.vn/p/1"),
        ("https://shop.vn/unsubscribe/lan@example.vn", "https://shop.vn"),
        ("https://shop.vn/unsubscribe/lan%40example.vn", "https://shop.vn"),
        ("https://shop.vn/unsubscribe/lan%2540example.vn", "https://shop.vn"),
        ("https://shop.vn:8080/\nlan@example.vn", "https://shop.vn:8080"),
        ("mailto:lan@example.vn", "mailto:"),
        ("tel:+84901234567", "tel:"),
        ("tel://0901234567", "tel:"),
        ("whatsapp://send/0901234567", "whatsapp:"),
        ("https://shop.vn/p/1;phone=0901234567", "https://shop.vn/p/1"),
        ("https://shop.vn/p/1&phone=0901234567", "https://shop.vn/p/1"),
        ("https://shop.vn/a;b&c/1", "https://shop.vn/a;b&c/1"),
        (
            "https://t.vn/r/https%3A%2F%2Fshop.vn%2Fp%3Fphone%3D0901234567",
            "https://t.vn/r/https%3A%2F%2Fshop.vn%2Fp",
        ),
        ("https://t.vn/r/shop.vn%252Fp%2523lan%2540example.vn", "https://t.vn/r/shop.vn%252Fp"),
        ("https://shop.vn/unsubscribe/lan\uff20example.vn", "https://shop.vn"),
        ("https://shop.vn/unsubscribe/lan%ef%bc%a0example.vn", "https://shop.vn"),
        ("lan@example.vn", None),
        ("//lan%40example.vn/", None),
        ("https:\\\\lan@example.vn", "https:"),
        ("www.shop.vn/p/1?x=1", "www.shop.vn/p/1"),
        ("/p/1?x=1", "/p/1"),
        ("HTTP://Shop.vn/%E1%BB%8D n", "HTTP://Shop.vn/%E1%BB%8D n"),
        ("?x=1", None),
        (None, None),
    ],
)
def test_a_link_is_shown_without_parts_that_may_contain_a_contact(link: str | None, shown: str | None) -> None:
    column = TableColumn("link", TEXT, "Link.", publication=Publication.LINK)

    assert _shown(PublishedForm(KEY), column, link) == shown


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_every_column_of_a_mart_declares_what_is_shown_of_it(mart: Mart) -> None:
    shown = published_columns((*mart.columns, WRITTEN_BY, DELETED_BY), has_personal_data=False)

    assert {column.name for column in shown} >= set(mart.grain)


@pytest.mark.parametrize(
    "column",
    [
        TableColumn("new", TEXT, "A text."),
        TableColumn("new", TEXT_LIST, "Texts."),
        TableColumn("new", INTEGER, "A number."),
        TableColumn("new", HASH, "A hash."),
        TableColumn("new", _STRUCT, "A struct."),
        TableColumn("new", _STRUCT, "A struct.", publication=Publication.UNCHANGED),
        TableColumn("new", _STRUCT, "A struct.", publication={"other": Publication.UNCHANGED}),
    ],
)
def test_a_column_that_does_not_declare_what_is_shown_of_it_is_refused(column: TableColumn) -> None:
    with pytest.raises(PublicationUndeclaredError, match="Column new does not declare"):
        published_columns((column,), has_personal_data=False)

    assert published_columns((column,), has_personal_data=True) == (column,)


def test_days_and_columns_of_personal_data_need_no_further_declaration() -> None:
    assert declared(TableColumn("day", DATE, "A day.")) is Publication.UNCHANGED
    assert declared(TableColumn("name", TEXT, "A name.", personal=Personal.NAME)) is Publication.OMITTED
    assert declared(CUSTOMER_KEY) is Publication.IDENTIFIER


def test_only_the_owner_can_read_a_new_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonym"

    key = create_key(path)

    assert read_key(path) == key
    assert create_key(path) != key
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [file.name for file in path.parent.iterdir()] == ["pseudonym"]


def test_a_key_that_is_too_short_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0901234567\n")

    with pytest.raises(PseudonymKeyInvalidError, match="it has 10 bytes, at least 32 are needed"):
        read_key(tmp_path / "key")


def test_a_key_does_not_show_itself() -> None:
    assert "thirty-two" not in repr(KEY) + repr(PublishedForm(KEY)) + KEY.key_id


def _keys(loader: Loader) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(loader.folder / "published" / DATABASE, read_only=True)) as connection:
        return connection.execute("SELECT company_id, customer_key FROM marts.interaction ORDER BY ALL").fetchall()


@pytest.mark.full
def test_two_companies_have_different_pseudonyms_of_one_phone(loader: Loader) -> None:
    phone = ("p:+84900000001",)
    loader.load(
        ACTIVITY, 1, [make_record(ACTIVITY, name, company_id=name, identifiers=phone) for name in ("A", "B")]
    )

    loader.publish()

    (_, first), (_, second) = _keys(loader)
    assert {first[:2], second[:2]} == {"p:"}
    assert first != second


@pytest.mark.full
def test_another_key_rewrites_all_months_at_once(loader: Loader) -> None:
    """Months with old and with new pseudonyms together would be joined wrongly."""
    for number in (1, 40):
        loader.load(ACTIVITY, number, [make_record(ACTIVITY, str(number), on=number, identifiers=("e:a@x.vn",))])
    before = loader.publish()
    keys = _keys(loader)

    after = loader.publish(new_key=True)

    assert after.version != before.version
    assert json.loads((after.folder / MANIFEST).read_text())["key_id"] == after.key_id != before.key_id
    assert not {path.stat().st_ino for path in before.folder.rglob("*.parquet")} & {
        path.stat().st_ino for path in after.folder.rglob("*.parquet")
    }
    assert len(set(_keys(loader))) == 1
    assert set(_keys(loader)).isdisjoint(keys)


@pytest.mark.full
def test_without_the_key_of_the_snapshot_nothing_is_published(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    before = loader.publish()
    (loader.folder / "keys" / "pseudonym").unlink()

    with pytest.raises(PseudonymKeyMissingError, match="cdp-etl marts publish --new-key"):
        loader.publish()

    assert latest_snapshot(loader.folder / "published") == before
    assert not (loader.folder / "keys" / "pseudonym").exists()
    assert loader.publish(new_key=True).key_id != before.key_id


@pytest.mark.full
def test_ids_of_a_record_that_is_gone_stay_pseudonyms_in_the_log_of_persons(loader: Loader) -> None:
    contact = {"has_contact_customer_id": True}
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", identifiers=("c:0901234567",), **contact)])
    loader.publish()
    loader.load(
        REVIEW,
        2,
        [
            make_record(REVIEW, "2", identifiers=("c:0901234567", "e:a@x.vn"), **contact),
            make_record(REVIEW, "3", identifiers=("c:0", "e:a@x.vn")),
        ],
    )
    loader.publish()
    loader.load(REVIEW, 1, [])
    loader.load(REVIEW, 2, [make_record(REVIEW, "3", identifiers=("c:0",))])
    loader.load(EMAIL, 2, [])

    loader.publish()

    with closing(duckdb.connect(loader.folder / "published" / DATABASE, read_only=True)) as connection:
        changes = connection.execute("FROM marts.customer_identity_change").fetchall()
    assert "c:0901234567" in str(loader.rows("FROM marts.customer_identity_change"))
    assert "c:" in str(changes)
    assert "0901234567" not in str(changes)


@pytest.mark.full
def test_if_a_replay_decides_otherwise_about_an_id_all_months_are_written_again(loader: Loader) -> None:
    """Otherwise the files of older months would go on showing the id, although rows of the marts do not change."""
    identifiers = ("c:0901234567",)
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=identifiers, customer_id="0901234567")])
    loader.publish()
    assert _keys(loader) == [("", "c:0901234567")]

    loader.load(
        ACTIVITY,
        1,
        [
            make_record(
                ACTIVITY, "1", identifiers=identifiers, customer_id="0901234567", has_contact_customer_id=True
            )
        ],
    )
    loader.publish()

    assert "0901234567" not in str(_keys(loader))

"""Phones and e-mail addresses: stored as delivered and normalized; they never quarantine a record."""

from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl
import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize.contacts import _VIETNAMESE_MOBILE, normalize_emails, to_e164
from cdp_etl_tests.normalize.harness import ACTIVITY, NOON_MS, comment, ndjson, normalize


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ("0912345678", "+84912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0912.345-678", "+84912345678"),
        ("(091) 234 5678", "+84912345678"),
        ("024 3829 5555", "+842438295555"),
        ("+1 650 253 0000", "+16502530000"),
        ("098685xxxx", None),
        ("0912345678 ext 5", None),
        ("12345", None),
        ("٠٩١٢٣٤٥٦٧٨", None),
    ],
)
def test_a_phone_number_becomes_e164_or_nothing(delivered: str, expected: str | None) -> None:
    assert to_e164(pl.Series([delivered]), "VN").to_list() == [expected]


def test_a_number_without_country_code_gets_that_of_the_region(tmp_path: Path) -> None:
    settings = NormalizationSettings(phone_region="DE")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, customerPhone="030 123456"))}, settings=settings)

    assert outcome.accepted["customer_phone_e164"].to_list() == ["+4930123456"]


def test_the_pattern_for_vietnamese_mobiles_agrees_with_libphonenumber() -> None:
    """Compare every prefix that the pattern accepts, with every next digit."""
    numbers = pl.Series([f"0{number:04d}12345" for number in range(10_000)])
    common = numbers.filter(numbers.str.contains(_VIETNAMESE_MOBILE))

    answers = [phonenumbers.parse(number, "VN") for number in common]

    assert len(common) > 3_000
    assert all(map(phonenumbers.is_valid_number, answers))
    expected = [phonenumbers.format_number(answer, phonenumbers.PhoneNumberFormat.E164) for answer in answers]
    assert to_e164(common, "VN").to_list() == expected


@pytest.mark.parametrize(
    "delivered",
    [
        "ng***@gmail.com",
        "****@gmail.com",
        "n*a@gmail.com",
        "ng•••@gmail.com",
        "ngxxxx@gmail.com",
        "n.axxxxxxx@gmail.com",
        "NGXXXX@gmail.com",
        "xxxxx@gmail.com",
    ],
)
def test_a_masked_address_is_not_normalized(delivered: str) -> None:
    assert normalize_emails(pl.Series([delivered])).to_list() == [None]


MASKED = ["ng***@gmail.com", "ng***@gmail.com", "ng****@gmail.com", "****@gmail.com", "****@gmail.com"]


@pytest.mark.parametrize(
    ("custom_fields", "by_reference_path"),
    [pytest.param({}, 0, id="fast path"), pytest.param("not an object", 5, id="reference path")],
)
def test_masked_addresses_that_strangers_share_are_stored_with_a_warning_and_identify_nobody(
    tmp_path: Path, custom_fields: Any, by_reference_path: int
) -> None:
    records = [
        comment(number, customerId=f"u{number}", customerPhone=None, customerEmail=address)
        | {"customFieldTexts": custom_fields}
        for number, address in enumerate(MASKED)
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)})

    assert outcome.dump.reference_path_records == by_reference_path
    rows = outcome.accepted.rows(named=True)
    assert [row["customer_email"] for row in rows] == MASKED
    assert {row["customer_email_normalized"] for row in rows} == {None}
    assert {row["warnings"][-1] for row in rows} == {"customerEmail: not a valid address"}
    assert [row["identifiers"] for row in rows] == [[f"c:u{number}"] for number in range(len(MASKED))]


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ("An.Nguyen+tag@Example.COM", "an.nguyen+tag@example.com"),
        ("a@b.co", "a@b.co"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("maxxx@example.com", "maxxx@example.com"),
        ("xxxx@example.com", "xxxx@example.com"),
        ("mailxxxx@example.com", "mailxxxx@example.com"),
        ("an.xxxx1@example.com", "an.xxxx1@example.com"),
        ("[email protected]", None),
        ("[email\u00a0protected]", None),
        ("a@localhost", None),
        ("a..b@example.com", None),
        (".a@example.com", None),
        ("a@-example.com", None),
        ("a@example.c", None),
        ("a b@example.com", None),
        ("\u212aelvin@example.com", None),
        ("x" * 65 + "@example.com", None),
        ("a@" + "x" * 64 + ".com", None),
        ("a@" + "abc." * 65 + "com", None),
    ],
)
def test_an_address_becomes_lower_case_or_nothing(delivered: str, expected: str | None) -> None:
    assert normalize_emails(pl.Series([delivered])).to_list() == [expected]


def test_an_unusable_contact_is_stored_with_a_warning_and_is_no_identifier(tmp_path: Path) -> None:
    record = comment(1, customerPhone=" 098685xxxx ", customerEmail="A@Example.com")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(record)})

    row = outcome.accepted.row(0, named=True)
    assert (row["customer_phone"], row["customer_phone_e164"]) == ("098685xxxx", None)
    assert (row["customer_email"], row["customer_email_normalized"]) == ("A@Example.com", "a@example.com")
    assert row["warnings"] == ["customerPhone: not a dialable number"]
    assert (row["customer_key"], row["identifiers"]) == ("c:KH1", ["c:KH1", "e:a@example.com"])


def test_one_contact_is_enough(tmp_path: Path) -> None:
    record = comment(1, customerPhone=None, customerEmail="a@example.com")

    assert normalize(tmp_path, {"a.ndjson": ndjson(record)}).dump.accepted == 1


def test_a_customer_id_may_be_valid_within_one_system_only(tmp_path: Path) -> None:
    records = ndjson(comment(1, systemName="a|b"), comment(2, systemName=None))

    outcome = normalize(
        tmp_path, {"a.ndjson": records}, settings=NormalizationSettings(customer_id_scope="system")
    )

    assert outcome.accepted["customer_key"].to_list() == ["c:a\\|b|KH1", "c:|KH1"]


def test_the_activity_date_is_the_day_in_the_business_time_zone(tmp_path: Path) -> None:
    record = {
        "actionId": "1",
        "action": "Wishlist",
        "actionAt": NOON_MS + 6 * 3_600_000,
        "customerId": "KH1",
        "customerName": "An",
        "customerPhone": "0912345678",
        "productSku": "S",
        "productName": "P",
        "productCategoryId": "C",
    }

    outcome = normalize(
        tmp_path,
        {"a.ndjson": ndjson(record)},
        entity=ACTIVITY,
        settings=NormalizationSettings(business_timezone="Asia/Ho_Chi_Minh"),
    )

    assert outcome.accepted["activity_date"].cast(pl.String).to_list() == ["2026-03-02"]


@pytest.mark.parametrize(
    "delivered",
    [
        "tel:+84912345678",
        "TEL:0912345678",
        "whatsapp:+84912345678",
        "sms:0912345678",
        "'0912345678",
        '="0912345678"',
        '"0912 345 678"',
        "\u201c0912345678\u201d",
        "912345678.0",
        "0912345678.0",
        "0912345678;",
        "\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "\uff0b\uff18\uff14\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "\uff54\uff45\uff4c\uff1a0912345678",
        "\u202a0912345678\u202c",
        "\u200b0912345678\ufeff",
        "0912\u2009345\u2009678",
        "0912\u2011345\u2011678",
        "0912\u2013345\u2013678",
    ],
)
def test_a_phone_is_read_without_its_wrapper(delivered: str) -> None:
    assert to_e164(pl.Series([delivered]), "VN").to_list() == ["+84912345678"]


@pytest.mark.parametrize(
    "delivered", ["0912345678/0987654321", "0912345678, 0987654321", "tel:", "9.1E+08", "'.0"]
)
def test_a_text_with_two_phones_or_none_is_unusable(delivered: str) -> None:
    assert to_e164(pl.Series([delivered]), "VN").to_list() == [None]


@pytest.mark.parametrize(
    ("old", "new"),
    [("0120", "070"), ("0121", "079"), ("0122", "077"), ("0126", "076"), ("0128", "078"),
     ("0123", "083"), ("0124", "084"), ("0125", "085"), ("0127", "081"), ("0129", "082"),
     ("0162", "032"), ("0163", "033"), ("0164", "034"), ("0165", "035"), ("0166", "036"), ("0167", "037"),
     ("0168", "038"), ("0169", "039"), ("0186", "056"), ("0188", "058"), ("0199", "059")],
)  # fmt: skip # one operator a line
def test_a_vietnamese_mobile_of_before_2018_is_its_new_number(old: str, new: str) -> None:
    spellings = [f"{old}1234567", f"{old} 123 4567", f"+84{old[1:]}1234567", f"tel:{old}.123.4567"]

    found = to_e164(pl.Series(spellings), "VN").to_list()

    assert found == [f"+84{new[1:]}1234567"] * len(spellings)
    assert found == to_e164(pl.Series([f"{new}1234567"] * len(spellings)), "VN").to_list()
    assert to_e164(pl.Series(spellings), "VN", reads_old_prefixes=False).to_list() == [None] * len(spellings)


@pytest.mark.parametrize("delivered", ["1631234567", "84163123456", "01611234567", "0163123456", "016312345678"])
def test_only_the_published_form_of_an_old_number_is_read(delivered: str) -> None:
    assert to_e164(pl.Series([delivered]), "VN").to_list() == [None]


def test_an_old_number_needs_its_country_code_in_another_region() -> None:
    assert to_e164(pl.Series(["+841631234567"]), "US").to_list() == ["+84331234567"]
    assert to_e164(pl.Series(["01631234567"]), "US").to_list() == [None]


def test_old_and_new_number_are_one_person_unless_the_setting_says_no(tmp_path: Path) -> None:
    records = ndjson(comment(1, customerPhone="01631234567"), comment(2, customerPhone="0331234567"))

    new = normalize(tmp_path / "new", {"a.ndjson": records})
    off = normalize(
        tmp_path / "off", {"a.ndjson": records}, settings=NormalizationSettings(old_vietnamese_prefixes=False)
    )

    assert new.accepted["customer_phone_e164"].to_list() == ["+84331234567"] * 2
    assert new.accepted["customer_phone"].to_list() == ["01631234567", "0331234567"]
    assert off.accepted["customer_phone_e164"].to_list() == [None, "+84331234567"]


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ("mailto:a@example.com", "a@example.com"),
        ("Nguyễn Văn A <A@Example.com>", "a@example.com"),
        ('"A, B" <a@example.com>', "a@example.com"),
        ("<a@example.com>", "a@example.com"),
        ("'a@example.com'", "a@example.com"),
        ('="a@example.com"', "a@example.com"),
        ("a@example.com;", "a@example.com"),
        ("a\uff20example.com", "a@example.com"),
        ("\uff41@example\uff0ecom", "a@example.com"),
        ("\ufeffa@example.com\u200b", "a@example.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("A@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@tiệm\u3002example", "a@xn--tim-5kz.example"),
        ("a@example.com;b@example.com", None),
        ("a@example.com, b@example.com", None),
        ("a@example.com b@example.com", None),
        ("b@example.com <a@example.com>", None),
        ("nguyễn@example.com", None),
        ("Name <ng***@gmail.com>", None),
        ("ng\uff0a\uff0a\uff0a@gmail.com", None),
        ("mailto:ngxxxx@gmail.com", None),
        ("a@exa_mple.com", None),
        ("a@" + "ü" * 300 + ".com", None),
    ],
)
def test_an_address_is_read_without_its_wrapper(delivered: str, expected: str | None) -> None:
    assert normalize_emails(pl.Series([delivered])).to_list() == [expected]

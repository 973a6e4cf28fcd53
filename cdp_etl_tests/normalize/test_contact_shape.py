"""Ids that are contacts: exactly those that the pipeline's functions for phones and e-mail addresses accept."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize.contact_shape import is_contact
from cdp_etl.normalize.contacts import normalize_emails, to_e164
from cdp_etl_tests.examples import examples
from cdp_etl_tests.normalize.harness import comment, ndjson, normalize


def _by_definition(ids: pl.Series, region: str) -> list[bool]:
    return (to_e164(ids, region).is_not_null() | normalize_emails(ids).is_not_null()).to_list()


@pytest.mark.parametrize(
    ("own_id", "expected"),
    [
        pytest.param("0901234567", True, id="a mobile number"),
        pytest.param("901234567", True, id="without the leading zero"),
        pytest.param("84901234567", True, id="with the country code"),
        pytest.param("+84 90 123 45 67", True, id="with spaces"),
        pytest.param("(0)901-234-567", True, id="with punctuation"),
        pytest.param("02838221234", True, id="a landline"),
        pytest.param("+12025550143", True, id="of another country"),
        pytest.param("Lan.Nguyen@Example.vn", True, id="an address"),
        pytest.param("106326", False, id="a short number"),
        pytest.param("000000000000123", False, id="a number with leading zeros"),
        pytest.param("20260301000017", False, id="a long number"),
        pytest.param("KH-0901234567", False, id="a phone after a prefix"),
        pytest.param("098685xxxx", False, id="a masked phone"),
        pytest.param("lan@", False, id="half an address"),
        pytest.param(None, False, id="no id"),
    ],
)
def test_an_id_is_a_contact_if_it_is_a_usable_phone_or_address(own_id: str | None, *, expected: bool) -> None:
    assert is_contact(pl.Series([own_id], dtype=pl.String()), "VN").to_list() == [expected]


_DIGITS = st.text("0123456789", min_size=1, max_size=14)
_IDS = st.one_of(
    _DIGITS,
    st.builds("{}{}".format, st.sampled_from(["0", "84", "840", "+84", "+840", "0084", "00840", "084"]), _DIGITS),
    st.builds("{}{}".format, st.sampled_from(["09", "9", "849", "02", "2", "1900", "1800"]), _DIGITS),
    st.text("0123456789 ().-/+\u00a0", min_size=1, max_size=20),
    st.text("ab.@01-", min_size=1, max_size=12),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["tel:", "'", '="', "whatsapp:'", "\uff10", "mailto:", "A <", "sms:tel:"]),
        st.one_of(st.sampled_from(["0912345678", "01631234567", "a@x.vn", "+841201234567"]), _DIGITS),
        st.sampled_from(["", ".0", '"', ">", ";", "\u200b"]),
    ),
    st.builds("01{}".format, st.text("0123456789", min_size=8, max_size=10)),
)


@pytest.mark.parametrize("region", ["VN", "DE"])
@given(ids=st.lists(_IDS, min_size=1, max_size=40))
@examples(200)
def test_the_decision_is_that_of_the_functions_for_contacts(region: str, ids: list[str]) -> None:
    series = pl.Series([text.strip() for text in ids])

    assert is_contact(series, region).to_list() == _by_definition(series, region)


def test_every_length_and_prefix_of_a_vietnamese_number_is_decided_alike() -> None:
    ids = pl.Series(
        [
            f"{prefix}{first:03d}{'4567890'[:rest]}"
            for prefix in ("", "0", "84", "840", "+84", "0084")
            for first in range(0, 1000, 3)
            for rest in (3, 4, 5, 6, 7)
        ]
    )

    assert is_contact(ids, "VN").to_list() == _by_definition(ids, "VN")


def test_the_lake_stores_which_ids_are_contacts(tmp_path: Path) -> None:
    """Columns of both paths are derived together, so there is one case."""
    records = [comment("1", customerId="0901 234 567"), comment("lan@example.vn", customerId="KH1")]

    found = normalize(tmp_path, {"part-1.ndjson": ndjson(*records)}).accepted

    assert found.sort("comment_id").select(
        "comment_id", "has_contact_customer_id", "has_contact_record_id"
    ).rows() == [("1", True, False), ("lan@example.vn", False, True)]

"""Formatting of values."""

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.entities import ENTITIES
from cdp_etl.report import formatting


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        (formatting.count(0), "0"),
        (formatting.count(1234), "1,234"),
        (formatting.count(999_999), "999,999"),
        (formatting.count(12_345_678), "12.3 million"),
        (formatting.signed(1200), "+1,200"),
        (formatting.signed(-3), "−3"),  # noqa: RUF001 - a minus
        (formatting.signed(0), "0"),
        (formatting.share(1, 3), "33.3%"),
        (formatting.share(0, 3), "0.0%"),
        (formatting.share(1, 10_000), "<0.1%"),
        (formatting.share(0, 0), "–"),  # noqa: RUF001 - a dash
        (formatting.size(812), "812 B"),
        (formatting.size(1_500), "1.5 kB"),
        (formatting.size(137_358), "137 kB"),
        (formatting.size(3_400_000_000_000), "3.4 TB"),
        (formatting.plural(1, "thing", "things"), "1 thing"),
        (formatting.plural(1000, "thing", "things"), "1,000 things"),
        (formatting.long_day(date(2026, 11, 4)), "Wednesday, 4 November 2026"),
        (formatting.short_day(date(2026, 11, 4)), "4 Nov"),
        (formatting.clock(datetime(2026, 11, 4, 20, 2, tzinfo=UTC), "Asia/Ho_Chi_Minh"), "5 Nov, 03:02"),
        (formatting.money(Decimal(1234)), "1,234"),
        (formatting.money(Decimal("1234.5")), "1,234.50"),
        (formatting.money(Decimal("-0.5")), "−0.50"),  # noqa: RUF001 - a minus
        (formatting.money(Decimal("-12345678.9")), "−12.3 million"),  # noqa: RUF001 - a minus
        (formatting.name_of_table("customer_product_review"), "Product review"),
        (formatting.name_of_table("unheard_of"), "unheard_of"),
        (formatting.display_text("a\nb\t\u202ec"), "a b c"),
        (formatting.display_text("x" * 90, 10), "xxxxxxxxx…"),
    ],
)
def test_a_value_is_formatted_for_people(spelled: str, expected: str) -> None:
    assert spelled == expected


def test_every_entity_has_a_name_of_its_own() -> None:
    names = {entity.name: formatting.name(entity) for entity in ENTITIES}

    assert len(set(names.values())) == len(ENTITIES)
    assert (names["customer-product-activity"], names["email-interaction"], names["sms-interaction"]) == (
        "Product activity", "E-mail interaction", "SMS interaction"
    )  # fmt: skip # three names


@given(st.text(), st.integers(1, 50))
def test_a_delivered_text_is_shown_on_one_line_without_controls_and_cut(text: str, max_length: int) -> None:
    display_text = formatting.display_text(text, max_length)

    assert len(display_text) <= max_length
    assert display_text == " ".join(display_text.split())
    assert not {character for character in display_text if unicodedata.category(character)[0] == "C"}


def test_a_number_stays_on_the_line_of_what_it_counts() -> None:
    assert formatting.unbroken(formatting.plural(1, "file", "files")) == "1\N{NO-BREAK SPACE}file"

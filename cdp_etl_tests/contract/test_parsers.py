"""Parsers of delivered values: the table "Values" of docs/records.md, spelling by spelling."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cdp_etl.contract.normalization_settings import timestamp_upper_bound
from cdp_etl.contract.parsers import (
    InvalidValueError,
    TimestampContext,
    parse_boolean,
    parse_choice,
    parse_double,
    parse_integer,
    parse_list,
    parse_text,
    parse_timestamp,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000


def timestamp_context(shift_hours: int | None = None, *, epoch_is_utc: bool = False) -> TimestampContext:
    return TimestampContext(
        shift_hours or 0, epoch_is_utc=epoch_is_utc, upper_bound=timestamp_upper_bound(date(2026, 3, 1))
    )


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        pytest.param("a", "a", id="text"),
        pytest.param("00000000001", "00000000001", id="leading zeros are preserved"),
        pytest.param("\u00a0\u3000a b\t", "a b", id="outer Unicode white space is removed"),
        pytest.param("e\u0301", "\u00e9", id="NFD becomes NFC"),
        pytest.param(" \u00a0\u3000\t", None, id="blank is absent"),
        pytest.param(None, None, id="null is absent"),
        pytest.param(7, "7", id="an integer becomes its decimal text"),
        pytest.param(12345678901234567890123, "12345678901234567890123", id="also one beyond 64 bits"),
        pytest.param(Decimal("7.0"), "7", id="a number with zero fraction is that integer"),
    ],
)
def test_text_is_parsed(delivered: Any, expected: str | None) -> None:
    assert parse_text(delivered) == expected


@pytest.mark.parametrize("delivered", [True, Decimal("7.5"), {}, [], Decimal("1e30"), Decimal("1e-999999999")])
def test_values_that_are_no_text_are_invalid(delivered: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^wrong type$"):
        parse_text(delivered)


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        pytest.param(7, 7, id="integer"),
        pytest.param(Decimal("7.0"), 7, id="zero fraction"),
        pytest.param(Decimal("1.58E12"), 1_580_000_000_000, id="exponent without fraction"),
        pytest.param(Decimal("9007199254740993.0"), 9007199254740993, id="exact beyond 2^53"),
        pytest.param(Decimal("0E-999999999"), 0, id="zero with any exponent"),
        pytest.param(" +7 ", 7, id="text with a sign and white space"),
        pytest.param("-007", -7, id="text with leading zeros"),
        pytest.param("7.0", 7, id="text with zero fraction"),
        pytest.param("", None, id="blank text is absent"),
        pytest.param(2**63 - 1, 2**63 - 1, id="largest"),
    ],
)
def test_an_integer_is_parsed(delivered: Any, expected: int | None) -> None:
    assert parse_integer(delivered) == expected


@pytest.mark.parametrize(
    ("delivered", "fact"),
    [
        pytest.param(Decimal("7.5"), "wrong type", id="fraction"),
        pytest.param(Decimal("1e-999999999"), "wrong type", id="a tiny number is not expanded"),
        pytest.param("1e3", "wrong type", id="exponent in text"),
        pytest.param("0x10", "wrong type", id="hexadecimal text"),
        pytest.param("\u0667", "wrong type", id="digits of another script"),
        pytest.param("1_000", "wrong type", id="underscores, which Python allows"),
        pytest.param(True, "wrong type", id="boolean"),
        pytest.param([7], "wrong type", id="array"),
        pytest.param(2**63, "out of range", id="one beyond 64 bits"),
        pytest.param("-9223372036854775809", "out of range", id="text beyond 64 bits"),
        pytest.param(Decimal("1e999999999"), "out of range", id="a huge number is not expanded"),
    ],
)
def test_values_that_are_no_integer_are_invalid(delivered: Any, fact: str) -> None:
    with pytest.raises(InvalidValueError, match=rf"^{fact}$"):
        parse_integer(delivered)


def test_an_integer_outside_the_bounds_of_its_column_is_invalid() -> None:
    assert [parse_integer(hours, minimum=-12, maximum=14) for hours in (-12, 0, "14")] == [-12, 0, 14]
    for hours in (-13, 15):
        with pytest.raises(InvalidValueError, match=r"^out of range$"):
            parse_integer(hours, minimum=-12, maximum=14)


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [(1, 1.0), (Decimal("1.5"), 1.5), ("1.5e3", 1500.0), (" .5 ", 0.5), ("-1.", -1.0), ("", None), (None, None)],
)
def test_a_double_is_parsed(delivered: Any, expected: float | None) -> None:
    assert parse_double(delivered) == expected


@pytest.mark.parametrize(
    "delivered", [Decimal("1e400"), "1e400", 10**400, "1,000", "NaN", "Infinity", "1_0", True, [1.5], float("nan")]
)
def test_values_that_are_no_finite_decimal_number_are_no_double(delivered: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^wrong type$"):
        parse_double(delivered)


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("TRUE", True),
        (" False", False),
        ("1", True),
        ("", None),
    ],
)
def test_a_boolean_is_parsed(delivered: Any, expected: bool | None) -> None:  # noqa: FBT001 - the value under test
    assert parse_boolean(delivered) is expected


@pytest.mark.parametrize("delivered", ["yes", 2, "2", Decimal("1.0"), [], "t"])
def test_values_that_are_no_boolean_are_invalid(delivered: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^wrong type$"):
        parse_boolean(delivered)


def test_a_closed_vocabulary_ignores_case_and_returns_the_contracts_spelling() -> None:
    assert parse_choice(" dELETED ", ("Active", "Deleted")) == "Deleted"

    with pytest.raises(InvalidValueError, match=r"^not one of Active, Deleted$"):
        parse_choice("gone", ("Active", "Deleted"))


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        pytest.param(["a", 3, None, " ", " b"], ["a", "3", "b"], id="integers as text, nulls and blanks dropped"),
        pytest.param('["a","b"]', ["a", "b"], id="the text of a JSON array"),
        pytest.param("tag1", ["tag1"], id="a plain string is the only item"),
        pytest.param(
            "[“tag1”]", ["[“tag1”]"], id="the contract's own example is no JSON, so it is a plain string"
        ),
        pytest.param([], [], id="an empty array is preserved"),
        pytest.param("", None, id="blank is absent"),
    ],
)
def test_a_list_is_parsed(delivered: Any, expected: list[str] | None) -> None:
    assert parse_list(delivered) == expected


@pytest.mark.parametrize("delivered", [{}, [{}], [["a"]], [True], '[{"a": 1}]', True, [Decimal("1.5")]])
def test_arrays_with_other_values_than_strings_are_invalid(delivered: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^wrong type$"):
        parse_list(delivered)


@pytest.mark.parametrize(
    "delivered",
    [
        pytest.param(NOON_MS, id="epoch milliseconds"),
        pytest.param(str(NOON_MS), id="epoch milliseconds as text"),
        pytest.param(Decimal("1.7723664E12"), id="epoch milliseconds with an exponent"),
        pytest.param("2026-03-01T12:00:00Z", id="ISO 8601, UTC"),
        pytest.param("2026-03-01 12:00", id="ISO 8601 with a blank and no seconds"),
        pytest.param("2026-03-01T19:00:00.000+07:00", id="ISO 8601 with its own offset"),
        pytest.param("2026-03-01T05:00:00-0700", id="ISO 8601 with an offset without a colon"),
        pytest.param(datetime(2026, 3, 1, 12, tzinfo=UTC), id="a Parquet timestamp with zone"),
        pytest.param(datetime(2026, 3, 1, 12), id="a Parquet timestamp without zone"),  # noqa: DTZ001 - the case
    ],
)
def test_without_timezone_gmt_nothing_is_shifted(delivered: Any) -> None:
    assert parse_timestamp(delivered, timestamp_context()) == NOON


@pytest.mark.parametrize(
    ("delivered", "hour"),
    [
        pytest.param(NOON_MS, 5, id="a number is shifted"),
        pytest.param("2026-03-01T12:00:00", 5, id="a naive ISO text is shifted"),
        pytest.param(datetime(2026, 3, 1, 12), 5, id="a naive Parquet timestamp is shifted"),  # noqa: DTZ001 - the case
        pytest.param("2026-03-01T12:00:00Z", 12, id="an ISO text with its own offset is not shifted again"),
        pytest.param(datetime(2026, 3, 1, 12, tzinfo=UTC), 12, id="a Parquet timestamp with zone is not shifted"),
    ],
)
def test_utc_is_the_delivered_value_minus_timezone_gmt_hours(delivered: Any, hour: int) -> None:
    assert parse_timestamp(delivered, timestamp_context(7)) == NOON.replace(hour=hour)


def test_a_source_whose_epoch_is_utc_is_not_shifted_but_its_naive_texts_are() -> None:
    utc_source = timestamp_context(7, epoch_is_utc=True)

    assert parse_timestamp(NOON_MS, utc_source) == NOON
    assert parse_timestamp("2026-03-01T12:00:00", utc_source) == NOON.replace(hour=5)


@pytest.mark.parametrize(
    ("delivered", "fact"),
    [
        pytest.param("2026-03-01", "wrong type", id="a date without time"),
        pytest.param(date(2026, 3, 1), "wrong type", id="a Parquet date"),
        pytest.param("2026-02-30T12:00", "wrong type", id="a day that does not exist"),
        pytest.param("yesterday", "wrong type", id="words"),
        pytest.param(Decimal("1.5"), "wrong type", id="a fraction"),
        pytest.param(946_684_799_999, "out of range", id="before 2000"),
        pytest.param(2**70, "out of range", id="beyond 64 bits"),
        pytest.param(-(2**63), "out of range", id="beyond the calendar"),
        pytest.param("0001-01-01T00:00:00", "out of range", id="beyond the calendar after the shift"),
        pytest.param(
            NOON_MS // 1000, "out of range, looks like seconds where milliseconds are expected", id="seconds"
        ),
    ],
)
def test_timestamps_outside_the_range_of_the_dump_are_invalid(delivered: Any, fact: str) -> None:
    with pytest.raises(InvalidValueError, match=rf"^{fact}$"):
        parse_timestamp(delivered, timestamp_context(7))


@pytest.mark.parametrize("clock", ["12:00:00 UTC", "12:00:00.5 utc", "12:00 UTC"])
def test_utc_behind_a_timestamp_is_its_offset(clock: str) -> None:
    """The form that BigQuery exports."""
    parsed = parse_timestamp(f"2026-03-01 {clock}", timestamp_context(7))

    assert parsed is not None
    assert parsed.replace(microsecond=0) == NOON.replace(hour=12)


DATE_TEXT = "wrong type, looks like /Date(…)/ where milliseconds are expected"
FRACTION = "wrong type, looks like seconds with a fraction where milliseconds are expected"
MICROSECONDS = "out of range, looks like microseconds where milliseconds are expected"


@pytest.mark.parametrize(
    ("delivered", "fact"),
    [
        ("/Date(1772366400000)/", DATE_TEXT),
        ("/Date(1772366400000+0700)/", DATE_TEXT),
        (Decimal("1772366400.123"), FRACTION),
        ("1772366400.5", FRACTION),
        (NOON_MS * 1000, MICROSECONDS),
        (f"{NOON_MS}123", MICROSECONDS),
        ("1.5", "wrong type"),
        ("1e999999999", "wrong type"),
        (10**18, "out of range"),
    ],
)
def test_a_timestamp_in_another_unit_is_refused_and_never_guessed(delivered: Any, fact: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        parse_timestamp(delivered, timestamp_context(7))

    assert str(refused.value) == fact

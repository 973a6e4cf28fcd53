"""Strict JSON by RFC 8259, exact to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.strict_json import (
    MAX_DEPTH,
    HugeNumberError,
    JsonLimitError,
    LoneSurrogateError,
    MalformedJsonError,
    NotANumberError,
    parse,
    serialize,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: number.as_tuple().exponent != 0),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_serialized_values_are_parsed_again_without_losing_a_digit(value: object) -> None:
    assert parse(serialize(value)) == value


def test_the_last_of_repeated_keys_wins() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_fractions_and_exponents_are_preserved() -> None:
    assert serialize(parse('{"price":1.50,"far":1E+5}')) == '{"price":1.50,"far":1E+5}'
    assert parse("0.1") == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        pytest.param("NaN", "NaN is not a JSON number", id="NaN"),
        pytest.param("-Infinity", "-Infinity is not a JSON number", id="Infinity"),
        pytest.param('{"a":1,}', "Expecting property name", id="trailing comma"),
        pytest.param("{'a':1}", "Expecting property name", id="single quotes"),
        pytest.param('{"a":"\t"}', "Invalid control character", id="a bare control character"),
        pytest.param('{"a":1} {"b":2}', "Extra data", id="two values"),
        pytest.param("\ufeff{}", "Unexpected UTF-8 BOM|Expecting value", id="a byte order mark"),
        pytest.param('{"a":"\\ud800"}', "lone surrogate", id="a lone surrogate"),
        pytest.param("[" * 100_000, "nested too deeply", id="beyond the recursion limit"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested too deeply", id="one level too deep"),
        pytest.param("1" * 5_000, "more than 4000 digits", id="a very long number"),
        pytest.param("1e9999999999999999999999", "exponent", id="a very large exponent"),
    ],
)
def test_malformed_json_raises_an_error_with_the_fact(text: str, fact: str) -> None:
    with pytest.raises(MalformedJsonError, match=fact):
        parse(text)


def test_the_maximum_nesting_is_parsed() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert serialize(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('{"a":"\\ud800"}', LoneSurrogateError, id="a lone surrogate"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), JsonLimitError, id="one level too deep"),
        pytest.param("1" * 5_000, HugeNumberError, id="a very long number"),
        pytest.param("NaN", NotANumberError, id="NaN"),
        pytest.param('{"a":}', MalformedJsonError, id="no value"),
    ],
)
def test_json_beyond_the_limits_has_its_own_error(text: str, kind: type[MalformedJsonError]) -> None:
    """The rest of an array can still be parsed after such a record, so that only this record is quarantined."""
    with pytest.raises(MalformedJsonError) as error:
        parse(text)

    assert type(error.value) is kind

"""JSON as RFC 8259 has it, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.strict_json import MAX_DEPTH, JsonLimitError, MalformedJsonError, parse, serialize

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: number.as_tuple().exponent != 0),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_what_is_written_is_read_again_without_losing_a_digit(value: object) -> None:
    assert parse(serialize(value)) == value


def test_of_a_repeated_key_the_last_wins() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_a_fraction_and_an_exponent_are_kept_as_they_were_delivered() -> None:
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
        pytest.param('{"a":"\\ud800"}', "lone surrogate", id="half a character"),
        pytest.param("[" * 100_000, "nested too deeply", id="beyond any stack"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested too deeply", id="one level too deep"),
        pytest.param("1" * 5_000, "more than 4000 digits", id="a number without end"),
        pytest.param("1e9999999999999999999999", "exponent", id="an exponent without end"),
    ],
)
def test_what_is_not_json_is_refused_with_the_fact(text: str, fact: str) -> None:
    with pytest.raises(MalformedJsonError, match=fact):
        parse(text)


def test_the_deepest_nesting_allowed_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert serialize(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('{"a":"\\ud800"}', JsonLimitError, id="half a character"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), JsonLimitError, id="one level too deep"),
        pytest.param("1" * 5_000, JsonLimitError, id="a number without end"),
        pytest.param("NaN", MalformedJsonError, id="NaN"),
        pytest.param('{"a":}', MalformedJsonError, id="no value"),
    ],
)
def test_what_is_json_by_its_grammar_but_not_read_is_told_apart(text: str, kind: type[MalformedJsonError]) -> None:
    """An array that holds it goes on being JSON behind it, so that only its own record is lost."""
    with pytest.raises(MalformedJsonError) as error:
        parse(text)

    assert type(error.value) is kind

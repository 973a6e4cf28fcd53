"""Hypothesis strategies for records on which the fast path and the reference path could differ."""

import json
from typing import Any

from hypothesis import strategies as st

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.naming import snake_case
from cdp_etl_tests.normalize.harness import NOON_MS

BLANKS = ["", " ", "\t", "\u00a0", "\u3000", "\u2028", "\x1c", "\u200b", "\u200d", "\ufeff"]
TEXTS = [
    "x", "Nguyễn", "Nguye\u0302\u0303n", "\u212b", "각", "e\u0301\u0323", "a\0b", 'say "x"', "back\\slash", "a\nb",
    "true", "null", "NaN", "[1]", '["a"]', '["a","b"]', '[" a ",""]', '["a",1]', "{}", '{"a":1}', "a,b", "|", "-0",
    '="00123"', '="a""b"', "'00123", "'=\"0\"", "'tis", "a\u200bb", "a\u200db", "\u2066x\u2069",
]  # fmt: skip # one list, not one a line
NUMBER_TEXTS = [
    "7", "+7", "-7", "007", "7.0", "7.50", "7.", ".5", "1e3", "1E400", "0x10", "1,000", "--1", "1_000", "७",
    "9007199254740993", "9007199254740993.0", "9223372036854775808", "123456789012345678901234567890",
    "6.9999999999999999",
    "1580000000000", "1.58E12", "0.1", "2.2250738585072011e-308", "1e-400",
]  # fmt: skip # one list, not one a line
TIMESTAMP_TEXTS = [
    str(NOON_MS), f"{NOON_MS}.0", "2026-03-01T12:00:00Z", "2026-03-01 12:00:00", "2026-03-01T12:00", "2026-03-01",
    "2026-03-01T12:00:00.123456789+07:00", "2026-03-01t12:00:00,5z", "2026-03-01T12:00:00-0330",
    "2026-03-01T12:00:60Z",
    "2026-02-30T00:00:00", "2026-03-01T12:00:00+07", "2026-03-01T24:00:00", "0001-01-01T00:00:00",
    "2026-03-01T12:00:00+24:00", "2026-03-01 12:00:00 UTC", "2026-03-01 12:00:00.5 UTC", "2026-03-01T12:00utc",
    "/Date(1772366400000)/", "1772366400.123", f"{NOON_MS}000",
]  # fmt: skip # one list, not one a line
RAW_NUMBERS = [
    "0", "-0", "7", "-7", "7.0", "7.50", "1e3", "1E3", "1e-7", "1e400", "1.58E12", "9007199254740993",
    "9007199254740993.0",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "6.9999999999999999", "0.1",
    "12345678901234567890123",
    "0.30000000000000004", "1.0000000000000000000001", "-0.0",
]  # fmt: skip # one list, not one a line

blanks = st.sampled_from(BLANKS)
any_text = st.sampled_from(TEXTS + NUMBER_TEXTS + TIMESTAMP_TEXTS) | st.text(max_size=8)
padded_text = st.builds(lambda before, text, after: before + text + after, blanks, any_text, blanks)
json_texts = padded_text.map(json.dumps) | padded_text.map(lambda text: json.dumps(text, ensure_ascii=False))
json_scalars = st.sampled_from([*RAW_NUMBERS, "true", "false", "null"]) | json_texts


def _list(items: list[str], between: str) -> str:
    return "[" + between.join(items) + "]"


def _object(members: list[tuple[str, str]], between: str, colon: str) -> str:
    return (
        "{" + between.join(json.dumps(name, ensure_ascii=False) + colon + value for name, value in members) + "}"
    )


between = st.sampled_from([",", ", ", " ,\n"])
colons = st.sampled_from([":", ": ", " : "])
names = st.sampled_from(["a", "b", "A", 'q"', "x.y", "é"])
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.builds(_list, st.lists(inner, max_size=3), between)
        | st.builds(_object, st.lists(st.tuples(names, inner), max_size=3), between, colons)
    ),
    max_leaves=5,
)


def good_value(field: ContractField) -> st.SearchStrategy[str]:  # noqa: PLR0911 - one a type
    """Return JSON values that the field accepts."""
    column = field.column
    if column.vocabulary:
        return (
            st.sampled_from(column.vocabulary)
            .flatmap(lambda word: st.sampled_from([word, word.lower(), word.upper()]))
            .map(json.dumps)
        )
    match column.type:
        case ContractType.STRING:
            return st.sampled_from(['"x"', '"Nguyễn Văn A"', "12", '"0912345678"', '"a@example.com"'])
        case ContractType.INTEGER | ContractType.LONG:
            return st.sampled_from(["7", '"7"', "7.0", '"+7"'])
        case ContractType.DOUBLE:
            return st.sampled_from(["7", "7.5", '"7.50"', "1e3", '".5"'])
        case ContractType.BOOLEAN:
            return st.sampled_from(["true", "0", '"TRUE"', '"1"'])
        case ContractType.TIMESTAMP:
            return st.sampled_from([str(NOON_MS), json.dumps(str(NOON_MS)), '"2026-03-01T12:00:00Z"'])
        case ContractType.LIST:
            return st.sampled_from(['["a"]', '["a", "b"]', "[]", '"a"', '"[\\"a\\"]"'])


def spellings(name: str) -> st.SearchStrategy[str]:
    """Return spellings of a key, of which some are never folded."""
    snake = snake_case(name)
    return st.sampled_from(
        [snake, snake.replace("_", "-"), snake.replace("_", "."), name.upper(), f"\ufeff{name}", f"_{name}", name]
    )


@st.composite
def json_records(draw: st.DrawFn, entity: Entity) -> str:
    """Draw the text of one record: mostly valid, with up to two arbitrary values."""
    arbitrary = draw(st.sets(st.sampled_from([field.name for field in entity.fields]), max_size=2))
    members: list[tuple[str, str]] = []
    for field in entity.fields:
        if field.name in arbitrary:
            members.append((field.contract_name, draw(json_values)))
        elif field.is_required or draw(st.integers(0, 3)) == 0:
            members.append((field.contract_name, draw(good_value(field))))
    if entity.has_customer:
        members.append(("customerPhone", '"0912345678"'))
    others = st.sampled_from(
        ["customFieldTexts", "customFieldNumbers", "productId", "Extra", "extra", "ROW", 'k"', "systemname"]
    )
    members += [(name, draw(json_values)) for name in draw(st.lists(others, max_size=2))]
    if draw(st.booleans()):
        respelled = draw(st.lists(st.integers(0, len(members) - 1), max_size=4))
        for index in respelled:
            name, value = members[index]
            other = (draw(spellings(name)), draw(st.sampled_from([value, "null"])))
            members[index : index + draw(st.integers(0, 1))] = [other]
    if draw(st.integers(0, 4)) == 0:
        members.append(("ignoredUpdateCfs", draw(json_values | st.sampled_from(['["a"]', "null", '"a"']))))
    return _object(draw(st.permutations(members)), draw(between), draw(colons))


def cell(value: Any) -> str:
    """Return a CSV cell, in quotes if it needs them."""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


good_cells = {
    ContractType.STRING: ["x", " Nguyễn ", "12", "0912345678"],
    ContractType.INTEGER: ["7", "7.0"],
    ContractType.LONG: ["7", " 7 "],
    ContractType.DOUBLE: ["7", "7.50", "1e3"],
    ContractType.BOOLEAN: ["true", "0"],
    ContractType.TIMESTAMP: [str(NOON_MS), "2026-03-01T12:00:00"],
    ContractType.LIST: ['["a","b"]', "a"],
}


def cells(field: ContractField) -> st.SearchStrategy[str]:
    """Return cells of a field: mostly valid, sometimes arbitrary."""
    good = field.column.vocabulary or good_cells[field.column.type]
    return st.one_of(*[st.sampled_from(good)] * 6, padded_text)

"""The SQL of the marts gives the same values on any engine: it rounds, folds case and orders by its own rules.

Engines differ in how they round doubles, fold case, order equal rows and compare null fields of structs. So no
statement that computes a mart leaves such a choice to the engine (decision 0087).
"""

import re
from pathlib import Path

import pytest

import cdp_etl.marts
from cdp_etl.marts.engine.sql_files import without_comments
from cdp_etl.marts.registry import MARTS

_PACKAGE = Path(cdp_etl.marts.__file__).parent
_FILES = sorted([*(_PACKAGE / "engine").rglob("*.sql"), *(_PACKAGE / "models").rglob("*.sql")])
_PYTHON = sorted([*(_PACKAGE / "engine").rglob("*.py"), *(_PACKAGE / "models").rglob("*.py")])

_FORBIDDEN = {
    "rounds by the engine's rule": r"\b(?:round|ceil|ceiling|trunc|avg|mean|fround|round_even)\(",
    "folds case": r"\b(?:lower|upper|lcase|ucase|initcap|casefold|nfc_normalize|strip_accents)\(",
    "ignores case": r"\b(?:ILIKE|COLLATE|NOCASE)\b|~~\*|'i'\)",
    "matches by the engine's Unicode tables": r"\bregexp_\w+\(",
    "takes any of several values": r"\b(?:first|last|any_value|arbitrary|mode|approx_\w+)\(",
    "lists in no order": r"(?<!list_sort\()\b(?:list|array_agg|string_agg|group_concat)\((?![^()]* ORDER BY )",
}
_CASTS_TO_NUMBERS = {
    "$window_days::INTEGER": "an integer setting",
    "unnest(range($window_days + 2))::INTEGER": "integers",
    "(coalesce(interaction.revenue, 0) * 10000)::HUGEINT": "has four decimals",
    "::DECIMAL(34, 0) * 0.0001": "a sum of integers",
    "entry.value::HUGEINT": "a count",
    "getvariable('affinity_low_rating')))::HUGEINT": "the length of a list",
    "numerator::HUGEINT": "an integer, or a sum of integers as DECIMAL(38, 0)",
    "try_cast(round_number(price * 10000) AS DECIMAL(18, 0))": "rounded before",
    "try_cast(floor(abs(price)) AS DECIMAL(18, 0))": "a whole number",
    "try_cast(round_number((abs(price) - floor(abs(price))) * 10000) AS DECIMAL(18, 0))": "rounded before",
    "* 0.0001 ) END AS DECIMAL(18, 4)": "has four decimals",
    "try_cast(to_amount(record.unit_price) * coalesce(record.quantity, 1) AS DECIMAL(18, 4))": "has four decimals",
    "try_cast(daily.activity_amount AS DECIMAL(18, 4))": "has four decimals",
}
"""Conversions to a number, each with the reason why it drops no digit."""
_LAST_BY = {
    **{
        f"arg_max(activity_date, {name}_at)": "a timestamp is on one day"
        for name in ("name", "category", "category_id", "image_link", "link", "price")
    },
}
"""Uses of `arg_max` and `arg_min`, each with the reason why equal keys have equal values."""


def _sql(path: Path) -> str:
    return without_comments(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("choice", _FORBIDDEN)
def test_no_statement_leaves_a_choice_to_the_engine(choice: str) -> None:
    statements = {str(path.relative_to(_PACKAGE)): _sql(path) for path in _FILES}
    statements |= {f"{mart.name}.{name}": sql for mart in MARTS for name, sql in mart.derived.items()}

    found = {name: re.findall(_FORBIDDEN[choice], sql, re.IGNORECASE) for name, sql in statements.items()}
    assert {name: uses for name, uses in found.items() if uses} == {}


def test_sql_in_python_takes_no_arbitrary_value() -> None:
    uses = r"\b(?:first|last|any_value|arbitrary|array_agg|string_agg)\("

    assert [path.name for path in _PYTHON if re.search(uses, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("sql", "choice"),
    [
        ("SELECT round(a / b, 6)", "rounds by the engine's rule"),
        ("SELECT lower(source_channel)", "folds case"),
        ("SELECT a ILIKE 'x'", "ignores case"),
        ("SELECT list(action) AS actions", "lists in no order"),
        ("SELECT any_value(person_id)", "takes any of several values"),
    ],
)
def test_the_rules_find_what_they_forbid(sql: str, choice: str) -> None:
    assert re.search(_FORBIDDEN[choice], sql, re.IGNORECASE)


@pytest.mark.parametrize(
    "sql", ["list(a ORDER BY a)", "list_sort(list({'day': d}))", "round_quotient(a, b)", "list_sum(x)"]
)
def test_the_rules_allow_what_has_one_result(sql: str) -> None:
    assert [pattern for pattern in _FORBIDDEN.values() if re.search(pattern, sql, re.IGNORECASE)] == []


def test_no_conversion_to_a_number_rounds() -> None:
    """A cast of a DOUBLE to DECIMAL or an integer rounds by the rule of the engine."""
    remaining = " ".join(map(_sql, _FILES))
    for allowed in sorted(_CASTS_TO_NUMBERS, key=len, reverse=True):
        assert allowed in remaining or any(allowed in longer for longer in _CASTS_TO_NUMBERS if longer != allowed)
        remaining = remaining.replace(allowed, "")

    number = r"(?:DECIMAL|NUMERIC|(?:TINY|SMALL|BIG|HUGE|U\w*)?INT(?:EGER)?)\b"
    assert re.findall(rf".{{40}}(?:::\s*|\bAS ){number}", remaining) == []


def test_a_value_taken_by_another_has_no_ties() -> None:
    use = re.compile(r"\barg_m(?:ax|in)\((?:[^()]|\([^()]*\))*\)")
    found = [one for path in _FILES for one in use.findall(_sql(path))]

    assert sorted(found) == sorted(_LAST_BY)


def test_no_struct_that_is_compared_has_a_null_field() -> None:
    """`system_name` is the only nullable column among those that decide which record is newest."""
    structs = [
        struct
        for path in _FILES
        for struct in re.findall(r"\{[^{}]*\}|\brow\((?:[^()]|\([^()]*\))*\)", _sql(path))
    ]
    nullable = [re.sub(r"coalesce\((?:\w+\.)?system_name, ''\)|'system_name':", "", struct) for struct in structs]

    assert any("occurred_at" in struct for struct in structs)
    assert [struct for struct in nullable if "system_name" in struct] == []

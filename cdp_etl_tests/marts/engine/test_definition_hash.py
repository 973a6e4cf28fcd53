"""Definition hash: it changes with everything that decides a mart's rows, and not with texts for people."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import DOUBLE, TEXT, TableColumn
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import IntermediateTable, KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import without_comments
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings

_SQL = """-- One sale.
-- Grain: company_id, sale
-- Inputs: interaction
SELECT
  company_id,
  sale, -- of the day
  'a -- b' AS note
FROM interaction
"""
_SETTINGS = MartSettings()
_SCOPE = RefreshScope(
    tables={"affected": "SELECT DISTINCT company_id FROM pending"},
    mart=KeyFilter("affected", ("company_id",)),
    inputs={"interaction": KeyFilter("affected", ("company_id",))},
)
_COLUMNS = (
    TableColumn("company_id", TEXT, "The company.", is_nullable=False),
    TableColumn("sale", TEXT, "The sale.", is_nullable=False),
    TableColumn("note", TEXT, "A note."),
)
_MART = Mart(
    "sales",
    _COLUMNS,
    _SCOPE,
    intermediate_tables={"total": IntermediateTable("SELECT 1 AS n", "SELECT 2 AS n")},
    settings=("influence_days",),
)


def _hash(mart: Mart = _MART, sql: str = _SQL, settings: MartSettings = _SETTINGS) -> str:
    mart = replace(mart)
    mart.__dict__["sql"] = sql
    return mart.definition_hash(settings)


def _with_scope(**changes: object) -> Mart:
    return replace(_MART, refresh_scope=replace(_SCOPE, **changes))  # type: ignore[arg-type]


def _with_column(**changes: object) -> Mart:
    return replace(_MART, columns=(*_COLUMNS[:2], replace(_COLUMNS[2], **changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda: _hash(sql=_SQL.replace("-- of the day", "/* of\nthe day */")), id="a comment"),
        pytest.param(lambda: _hash(sql=_SQL.replace("One sale.", "A sale of one company.")), id="the meaning"),
        pytest.param(
            lambda: _hash(sql=_SQL.replace("SELECT\n", "-- Mind: A note.\nSELECT\n", 1)),
            id="a note",
        ),
        pytest.param(lambda: _hash(sql=_SQL.replace("\n  sale", " sale")), id="the layout"),
        pytest.param(lambda: _hash(_with_column(description="Another text.")), id="a description"),
        pytest.param(lambda: _hash(replace(_MART, owner="team:other")), id="the owner"),
        pytest.param(
            lambda: _hash(
                _with_scope(tables={"affected": "-- Companies.\nSELECT DISTINCT company_id\nFROM pending"})
            ),
            id="a comment in the scope",
        ),
        pytest.param(lambda: _hash(settings=MartSettings(affinity_low_rating=1)), id="a setting of other marts"),
    ],
)
def test_a_text_for_people_does_not_change_the_hash(changed: Callable[[], str]) -> None:
    assert changed() == _hash()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            lambda: _hash(sql=_SQL.replace("FROM interaction", "FROM interaction LIMIT 1")), id="the SQL"
        ),
        pytest.param(lambda: _hash(sql=_SQL.replace("a -- b", "a -- c")), id="a string"),
        pytest.param(lambda: _hash(sql=_SQL.replace("company_id, sale", "sale")), id="the grain"),
        pytest.param(lambda: _hash(_with_column(type=DOUBLE)), id="a type"),
        pytest.param(lambda: _hash(_with_column(is_nullable=False)), id="nullability"),
        pytest.param(lambda: _hash(_with_column(name="remark")), id="a column name"),
        pytest.param(lambda: _hash(_with_column(personal=Personal.NAME)), id="personal data"),
        pytest.param(lambda: _hash(replace(_MART, carried_columns=(_COLUMNS[2],))), id="a carried column"),
        pytest.param(lambda: _hash(replace(_MART, derived={"note": "upper(note)"})), id="a derived column"),
        pytest.param(lambda: _hash(replace(_MART, key_hashes=(("company_id",),))), id="a key hash"),
        pytest.param(lambda: _hash(replace(_MART, month_column="day")), id="the month column"),
        pytest.param(lambda: _hash(settings=MartSettings(influence_days=1)), id="a setting"),
        pytest.param(lambda: _hash(replace(_MART, refresh_scope=None)), id="no scope"),
        pytest.param(
            lambda: _hash(_with_scope(tables={"affected": "FROM pending"})),
            id="a table of the scope",
        ),
        pytest.param(
            lambda: _hash(_with_scope(mart=KeyFilter("affected", ("sale",)))),
            id="the keys of the scope",
        ),
        pytest.param(lambda: _hash(_with_scope(inputs={})), id="a filter of an input"),
        pytest.param(lambda: _hash(_with_scope(filter_output=True)), id="filtered output"),
        pytest.param(
            lambda: _hash(
                replace(_MART, intermediate_tables={"total": IntermediateTable("SELECT 1 AS n", "SELECT 3 AS n")})
            ),
            id="an intermediate table",
        ),
    ],
)
def test_what_decides_the_rows_changes_the_hash(changed: Callable[[], str]) -> None:
    assert changed() != _hash()


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_the_hash_of_a_mart_is_stable_and_its_own(mart: Mart) -> None:
    assert mart.definition_hash(_SETTINGS) == mart.definition_hash(_SETTINGS)
    assert [other for other in MARTS if other.definition_hash(_SETTINGS) == mart.definition_hash(_SETTINGS)] == [
        mart
    ]


def test_comments_are_removed_and_quoted_text_is_unchanged() -> None:
    sql = """-- Header.\nSELECT 'it''s  -- no comment', "a  /* b */"\n  FROM t /* two\nlines */ -- end"""

    assert without_comments(sql) == """SELECT 'it''s  -- no comment', "a  /* b */" FROM t"""

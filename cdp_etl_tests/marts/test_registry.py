"""Declarations: what every mart must declare."""

import pytest
from sqlglot import expressions, parse_one

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.naming import camel_case
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.errors import MartHeaderError, MartUnknownError
from cdp_etl.marts.models.identifier_link import IDENTIFIER_LINK
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.product import PRODUCT_DAILY
from cdp_etl.marts.registry import MARTS, downstream, mart_named, with_upstream
from cdp_etl_tests.marts import recomputed

_KEYS = {"customer_key", "identifier", "other_identifier", "person_id", "person_before", "person_after"}

each_mart = pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)


@each_mart
def test_the_header_lists_exactly_the_tables_that_the_select_reads(mart: Mart) -> None:
    intermediate = (_tables(table.full_sql) for table in mart.intermediate_tables.values())
    read = _tables(mart.sql).union(*intermediate)

    assert read - set(mart.intermediate_tables) == set(mart.inputs)


def _tables(sql: str) -> set[str]:
    tree = parse_one(sql, dialect="duckdb")
    own = {cte.alias for cte in tree.find_all(expressions.CTE)}
    return {table.name for table in tree.find_all(expressions.Table)} - own


@each_mart
def test_the_select_returns_exactly_the_declared_columns_in_order(mart: Mart) -> None:
    tree = parse_one(mart.sql, dialect="duckdb", into=expressions.Select)

    assert tree.named_selects == [column.name for column in mart.select_columns]


@each_mart
def test_grain_and_keys_are_columns_of_the_mart(mart: Mart) -> None:
    names = {column.name for column in mart.columns}

    assert names.issuperset(mart.grain)
    assert mart.refresh_scope is None or names.issuperset(mart.refresh_scope.mart.columns)
    assert mart.month_column is None or mart.month_column in names


@pytest.mark.parametrize(
    "mart", [mart for mart in MARTS if mart.refresh_scope is None], ids=lambda mart: mart.name
)
def test_a_mart_computed_in_full_has_only_stored_columns(mart: Mart) -> None:
    assert (mart.derived, mart.carried_columns) == ({}, ())


@each_mart
def test_every_mart_has_a_company_and_descriptions(mart: Mart) -> None:
    assert "company_id" in {column.name for column in mart.columns}
    assert mart.description.startswith(mart.header.meaning)
    assert all(column.description.endswith((".", ">.")) for column in mart.columns)


@each_mart
def test_a_mart_comes_after_its_inputs(mart: Mart) -> None:
    before = [earlier.name for earlier in MARTS[: MARTS.index(mart)]]

    assert {name for name in mart.inputs if name in {mart.name for mart in MARTS}} <= set(before)


@each_mart
def test_a_column_that_may_contain_an_address_or_a_phone_is_marked(mart: Mart) -> None:
    keys = [column for column in mart.columns if column.name in _KEYS]

    assert all(column.personal is Personal.IDENTIFIER for column in keys)


def test_upstream_and_downstream_follow_the_inputs() -> None:
    daily = mart_named("customer_product_daily")

    assert with_upstream([daily]) == (INTERACTION, daily)
    assert daily in downstream(INTERACTION)
    assert INTERACTION not in downstream(INTERACTION)


def test_the_error_for_an_unknown_mart_lists_the_marts() -> None:
    with pytest.raises(MartUnknownError, match=r"There is no mart sales; the marts are interaction, "):
        mart_named("sales")


def test_the_independent_recomputation_has_every_entity_and_kind() -> None:
    """`test_recomputed.py` would not notice one that it does not load."""
    assert {
        entity.name: (entity.own_id_field, camel_case(entity.main_timestamp)) for entity in ENTITIES
    } == recomputed.ENTITIES
    assert recomputed.KINDS == c.KINDS
    assert tuple(c.PRODUCT_KINDS) == recomputed.PRODUCT_KINDS


def test_a_day_of_a_product_counts_every_kind_of_interaction_with_a_product() -> None:
    assert {column.name for column in c.COUNTS} <= {column.name for column in PRODUCT_DAILY.columns}


def test_a_header_can_list_the_current_records_of_every_entity() -> None:
    assert "<entity>_current" in IDENTIFIER_LINK.sql
    assert IDENTIFIER_LINK.inputs == tuple(sorted(f"{entity.table}_current" for entity in ENTITIES))


def test_a_header_without_a_grain_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    mart = Mart("sales", (), RefreshScope({}, KeyFilter("affected", ()), {}))
    monkeypatch.setitem(mart.__dict__, "sql", "-- Money.\n-- Inputs: interaction\nSELECT 1\n")

    with pytest.raises(
        MartHeaderError, match=r"marts/models/sales\.sql must have the meaning of a row, then Grain:"
    ):
        _ = mart.header

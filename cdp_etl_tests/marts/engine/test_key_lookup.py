"""Hash-indexed lookup: the hash selects candidates, the keys decide."""

import re
from collections.abc import Iterator
from contextlib import closing
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.marts.engine import mart as mart_module
from cdp_etl.marts.engine import row_id_chunks
from cdp_etl.marts.engine.key_hash import KeyHash, hash_signature, key_hash_of
from cdp_etl.marts.engine.key_lookup import fetch_rows, lookup_by_hash, lookup_row_ids, lookup_rows
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.customer_identity import IDENTITY_CHANGE
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record

COLUMNS = ("company_id", "person_id")
LOOKUP = key_hash_of(COLUMNS)
PERSONS = st.lists(st.tuples(st.sampled_from("AB"), st.text("12", min_size=0, max_size=2)), max_size=8)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as connection:
        connection.execute("CREATE SCHEMA mart_storage")
        yield connection


def store(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, str]], keys: list[tuple[str, str]]) -> None:
    connection.execute("CREATE OR REPLACE TABLE mart_storage.a_mart (company_id TEXT, person_id TEXT)")
    connection.execute("CREATE OR REPLACE TEMP TABLE affected (company_id TEXT, person_id TEXT)")
    for table, filled in (("mart_storage.a_mart", rows), ("affected", keys)):
        for row in filled:
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", row)
    connection.execute(f"ALTER TABLE mart_storage.a_mart ADD COLUMN {LOOKUP.name} UINTEGER")
    connection.execute(f"UPDATE mart_storage.a_mart SET {LOOKUP.name} = {LOOKUP.expression}")


def found(connection: duckdb.DuckDBPyConnection, select: str) -> list[tuple[str, str]]:
    return connection.execute(f"SELECT company_id, person_id FROM {select}").fetchall()


@given(rows=PERSONS, keys=PERSONS)
def test_exactly_the_rows_with_one_of_the_keys_are_found_once(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, str]], keys: list[tuple[str, str]]
) -> None:
    store(connection, rows, keys)

    expected = sorted(row for row in rows if row in keys)
    assert sorted(found(connection, lookup_by_hash("a_mart", "affected", COLUMNS))) == expected
    assert sorted(found(connection, lookup_rows("a_mart", "affected", COLUMNS, None))) == expected


def test_a_row_with_the_hash_of_another_key_is_not_found(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    store(connection, [("A", "c:1"), ("A", "c:2")], [("A", "c:1")])
    connection.execute(f"UPDATE mart_storage.a_mart SET {LOOKUP.name} = 7")
    same = KeyHash(LOOKUP.name, "7")

    assert found(connection, lookup_rows("a_mart", "affected", COLUMNS, same)) == [("A", "c:1")]


@given(rows=PERSONS, keys=PERSONS, chunks=st.integers(1, 4))
def test_every_row_is_found_once_in_any_number_of_chunks(
    connection: duckdb.DuckDBPyConnection,
    rows: list[tuple[str, str]],
    keys: list[tuple[str, str]],
    chunks: int,
) -> None:
    store(connection, rows, keys)
    with patch.object(row_id_chunks, "MAX_EXACT_ROW_IDS", 2):
        select = fetch_rows(
            "a_mart",
            lookup_row_ids("a_mart", "affected", LOOKUP),
            "affected",
            COLUMNS,
            row_id_chunks=chunks,
        )

    assert sorted(found(connection, select)) == sorted(row for row in rows if row in keys)


def test_the_hash_is_compared_before_any_text(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    store(connection, [("A", "c:1")], [("A", "c:1")])

    ((_, plan),) = connection.execute(f"EXPLAIN {lookup_by_hash('a_mart', 'affected', COLUMNS)}").fetchall()

    assert re.search(rf"{LOOKUP.name} = {LOOKUP.name}\s", plan)


def test_a_lookup_returns_row_ids_and_applies_its_condition(connection: duckdb.DuckDBPyConnection) -> None:
    store(connection, [("A", "c:1"), ("A", "c:2")], [("A", "c:1"), ("A", "c:2")])

    second = lookup_rows("a_mart", "affected", COLUMNS, LOOKUP, where="candidate.person_id <> 'c:1'")
    assert connection.execute(f"SELECT row_id, person_id FROM {second}").fetchall() == [(1, "c:2")]


@pytest.mark.parametrize("mart", [mart for mart in MARTS if mart.key_hashes], ids=lambda mart: mart.name)
def test_a_mart_is_rebuilt_if_the_hash_function_of_duckdb_changes(
    mart: Mart, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mart.definition_hash(MartSettings())

    monkeypatch.setattr(mart_module, "hash_signature", lambda: "1")

    assert mart.definition_hash(MartSettings()) != before


@pytest.mark.full
def test_a_warehouse_without_key_hashes_gets_them_in_its_next_run(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_marts(loader.warehouse, loader.settings)
    with loader.warehouse.writing() as connection:
        for mart in MARTS:
            for lookup in mart.hash_columns:
                connection.execute(f"ALTER TABLE {mart.storage_table} DROP COLUMN {lookup.name}")
        connection.execute("UPDATE ops.mart_state SET definition_hash = 'of before' WHERE mart <> 'product'")
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])

    results = refresh_marts(loader.warehouse, loader.settings, [CUSTOMER_PRODUCT])

    assert {result.rebuild_reason for result in results if result.mart != IDENTITY_CHANGE.name} == {
        "definition changed"
    }
    assert loader.rows("SELECT sum(interaction_count)::INTEGER AS n FROM marts.customer_product") == [{"n": 2}]


@pytest.mark.parametrize("of", ["hash(one.text, other.text)", "hash(one.text, other.text, third.text)"])
def test_the_signature_changes_with_any_hash(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_signature()
    connect = duckdb.connect

    class ChangedHash:
        """A DuckDB connection that hashes one text differently."""

        def __init__(self) -> None:
            self.real = connect()

        def execute(self, sql: str, texts: dict[str, list[str]]) -> duckdb.DuckDBPyConnection:
            return self.real.execute(sql.replace(of, f"CASE WHEN other.text = 'c:1' THEN 0 ELSE {of} END"), texts)

        def close(self) -> None:
            self.real.close()

    monkeypatch.setattr(duckdb, "connect", ChangedHash)

    assert hash_signature.__wrapped__() != before

"""Migration of a warehouse file to the schema of this version, and the errors of files that cannot be migrated."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import TableColumn, folded_name, staging_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import StagingLayoutError, Warehouse, WarehouseNewerError, ledger, record_attempt
from cdp_etl.warehouse.schema import migrations, staging_tables
from cdp_etl.warehouse.schema.migrations import MIGRATIONS
from cdp_etl.warehouse.schema.ops_tables import OPS_TABLES
from cdp_etl.warehouse.schema.staging_tables import STAGING_TABLES, current_columns
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.dumps import EMAIL, record
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

FORGET_LAYOUT = "DELETE FROM ops.metadata WHERE name = 'staging_layout'"

STORED_TYPES = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns()"
        " WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, table],
    ).fetchall()


def _declared(columns: Iterable[TableColumn]) -> list[tuple[Any, ...]]:
    return [
        (
            column.name,
            STORED_TYPES.get(column.type.duckdb, column.type.duckdb),
            column.is_nullable,
            column.description,
        )
        for column in columns
    ]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_staging_matches_the_contract_with_its_comments(warehouse: Warehouse, entity: Entity) -> None:
    with warehouse.reading() as connection:
        table = _columns(connection, "staging", entity.table)
        view = _columns(connection, "staging", f"{entity.table}_current")

    assert table == _declared(staging_columns(entity))
    assert view == _declared(replace(column, is_nullable=True) for column in current_columns(entity))


def test_ops_tables_are_as_declared_with_their_comments(warehouse: Warehouse) -> None:
    with warehouse.reading() as connection:
        found = {table.name: _columns(connection, "ops", table.name) for table in OPS_TABLES}
        tables = connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'ops'"
        ).fetchall()

    assert found == {table.name: _declared(table.columns) for table in OPS_TABLES}
    assert dict(tables) == {table.name: table.description for table in OPS_TABLES}


def test_a_new_file_gets_every_migration_once(warehouse: Warehouse) -> None:
    with warehouse.writing():
        pass

    assert rows(warehouse, "SELECT version FROM ops.schema_version") == [
        (number,) for number in range(1, len(MIGRATIONS) + 1)
    ]


def test_an_attempt_that_a_former_version_recorded_as_empty_is_missing(warehouse: Warehouse) -> None:
    record_attempt(warehouse, EMAIL, date(2026, 3, 1), "missing", "No file was delivered.")
    with warehouse.writing() as connection:
        connection.execute("UPDATE ops.load SET status = 'empty'")
        connection.execute("DELETE FROM ops.schema_version WHERE version = 9")

    assert ledger(warehouse)["status"].to_list() == ["missing"]


def test_a_file_of_a_newer_version_is_an_error(warehouse: Warehouse) -> None:
    with warehouse.writing() as connection:
        connection.execute("INSERT INTO ops.schema_version VALUES (99, now())")

    for opening in (warehouse.writing, warehouse.reading):
        with (
            pytest.raises(
                WarehouseNewerError,
                match=rf"has schema version 99 and this version .* knows {len(MIGRATIONS)} at most",
            ),
            opening(),
        ):
            pass


def test_a_new_column_of_the_contract_is_added_and_the_rows_stay(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])
    with warehouse.writing() as connection:
        connection.execute("DROP VIEW staging.customer_product_comment_current")
        connection.execute("ALTER TABLE staging.customer_product_comment DROP COLUMN parent_comment_id")
        connection.execute(FORGET_LAYOUT)

    assert rows(warehouse, "SELECT parent_comment_id FROM staging.customer_product_comment_current") == [(None,)]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        pytest.param("ADD COLUMN surprise BIGINT", "column surprise: the contract does not know it", id="unknown"),
        pytest.param(
            "ALTER title TYPE BLOB", "column title: it is BLOB, the contract says VARCHAR", id="other type"
        ),
        pytest.param(
            "DROP COLUMN record_key", "column record_key: it is missing and may not be null", id="missing"
        ),
    ],
)
def test_any_other_difference_from_the_contract_is_an_error_naming_the_column(
    warehouse: Warehouse, change: str, fact: str
) -> None:
    with warehouse.writing() as connection:
        connection.execute(f"ALTER TABLE staging.customer_product_comment {change}")
        connection.execute(FORGET_LAYOUT)

    with (
        pytest.raises(StagingLayoutError, match=f"staging.customer_product_comment .* {fact}"),
        warehouse.writing(),
    ):
        pass


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    foreign = at(tmp_path / "cdp.duckdb")
    with duckdb.connect(foreign.path) as connection:
        connection.execute("CREATE SCHEMA staging")

    with pytest.raises(duckdb.CatalogException, match='"staging" already exists'), foreign.writing():
        pass

    with duckdb.connect(foreign.path) as connection:
        found = connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'cdp' AND NOT internal"
        ).fetchall()
        assert found == [("staging",)]


def test_a_warehouse_is_created_with_its_folder(tmp_path: Path) -> None:
    new = at(tmp_path / "data" / "warehouse" / "cdp.duckdb")

    with new.writing() as connection:
        assert connection.execute("SELECT count(*) FROM staging.customer_product_activity").fetchall() == [(0,)]


def _migrated_to(version: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path)
    with monkeypatch.context() as former:
        former.setattr(migrations, "MIGRATIONS", MIGRATIONS[:version])
        former.setattr(migrations, "ops_comments", list)
        former.setattr(staging_tables, "sync_staging_schema", lambda _connection: None)
        migrations.migrate(connection, path, "VN")
    return connection


def test_migration_2_counts_the_reasons_of_records_in_staging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "version_1.duckdb"
    with _migrated_to(1, path, monkeypatch) as connection:
        for table in STAGING_TABLES:
            for statement in table.statements():
                connection.execute(statement)
        connection.execute(
            "INSERT INTO ops.load VALUES ('load-1', 1, 'sms_interaction', DATE '2026-01-01', 'loaded', NULL,"
            " 1, 100, 5, 3, 0, 2, 0, 3, 0, 'fingerprint', 1, now(), now(), NULL)"
        )
        connection.execute(
            "INSERT INTO staging.quarantine BY NAME SELECT 'sms_interaction' AS entity,"
            " DATE '2026-01-01' AS dump_date, 'part-1.ndjson' AS source_file, n AS source_position,"
            " ['actionId: required'] AS reasons, ''::BLOB AS raw FROM range(1, 3) AS _(n)"
        )
    migrated = at(path)

    assert rows(migrated, "SELECT load_id, reason, record_count FROM ops.rejection_count") == [
        ("load-1", "actionId: required", 2)
    ]
    assert rows(migrated, "SELECT field, count, records_read, status FROM ops.quarantine_reason") == [
        ("actionId", 2, 5, "loaded")
    ]


def test_migrations_4_and_5_carry_the_identity_log_over_and_drop_other_marts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "version_3.duckdb"
    with _migrated_to(3, path, monkeypatch) as connection:
        connection.execute(
            "CREATE TABLE marts.customer_identity_change AS SELECT 'A' AS company_id, 'e:a' AS identifier,"
            " 'e:a' AS person_before, 'c:1' AS person_after, 7::BIGINT AS load_seq, now() AS changed_at"
        )
        connection.execute("CREATE TABLE marts.product AS SELECT 'S1' AS product_sku")
        connection.execute("INSERT INTO ops.mart_state VALUES ('product', 7, 'x', now())")
    migrated = at(path)

    with migrated.writing():
        pass

    assert rows(migrated, "SELECT identifier, person_after, load_seq FROM marts.customer_identity_change") == [
        ("e:a", "c:1", 7)
    ]
    assert rows(migrated, "SELECT identifier, written_by_load_seq FROM mart_storage.customer_identity_change") == [
        ("e:a", 7)
    ]
    assert rows(migrated, "SELECT count(*) FROM duckdb_tables() WHERE schema_name IN ('marts', 'kept')") == [(0,)]
    assert rows(migrated, "SELECT mart FROM ops.mart_state") == []


def test_migration_5_carries_tombstones_of_the_identity_log_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "version_4.duckdb"
    with _migrated_to(4, path, monkeypatch) as connection:
        connection.execute(
            "CREATE TABLE kept.customer_identity_change AS SELECT 'A' AS company_id, 'e:b' AS identifier,"
            " 'e:b' AS person_before, NULL::VARCHAR AS person_after, 8::BIGINT AS load_seq, now() AS changed_at,"
            " 9::BIGINT AS made_by_load"
        )
        connection.execute(
            "CREATE TABLE kept.customer_identity_change_left AS SELECT 'A' AS company_id, 'e:a' AS identifier,"
            " TIMESTAMPTZ '2026-01-01' AS changed_at, 9::BIGINT AS left_by_load"
        )
    migrated = at(path)

    with migrated.writing():
        pass

    assert rows(
        migrated, "SELECT identifier, load_seq, written_by_load_seq FROM mart_storage.customer_identity_change"
    ) == [("e:b", 8, 9)]
    assert rows(
        migrated, "SELECT identifier, deleted_by_load_seq FROM mart_storage.customer_identity_change_tombstones"
    ) == [("e:a", 9)]


def test_migration_6_folds_the_names_in_staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = ("UniqueOpened", "ΑΣ", "İzle", "Ye\u0302u Thi\u0301ch", None)
    records = [record(EMAIL, str(number), event=event) for number, event in enumerate(events)]
    path = tmp_path / "version_5.duckdb"
    with _migrated_to(5, path, monkeypatch) as connection:
        for table in STAGING_TABLES:
            for statement in table.statements():
                connection.execute(statement)
        staged = [row | {"dump_date": date(2026, 1, 1), "is_current": True} for row in records]
        connection.register("staged", pl.DataFrame(staged, polars_schema(staging_columns(EMAIL))))
        connection.execute(f"INSERT INTO staging.{EMAIL.table} BY NAME FROM staged")
        connection.unregister("staged")
        for entity in ENTITIES:
            for later in ("placeholders", *(("event_type",) if entity.has_events else ())):
                connection.execute(f"ALTER TABLE staging.{entity.table} DROP COLUMN {later}")
            for field in entity.folded_fields:
                connection.execute(f"ALTER TABLE staging.{entity.table} DROP COLUMN {folded_name(field)}")
    migrated = at(path)

    names = "SELECT id, event_folded FROM staging.email_interaction_current"
    assert rows(migrated, names) == [(row["id"], row["event_folded"]) for row in records]
    with migrated.reading() as connection:
        for entity in ENTITIES:
            assert _columns(connection, "staging", entity.table) == _declared(staging_columns(entity))

"""How a file comes to this version's schema, and what is said of one that cannot."""

from pathlib import Path

import duckdb
import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import staging_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import StagingLayoutError, Warehouse, WarehouseNewerError
from cdp_etl.warehouse.schema import migrations
from cdp_etl.warehouse.schema.migrations import MIGRATIONS, OPS_TABLES
from cdp_etl.warehouse.schema.staging_tables import current_columns
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

COLUMNS = (
    "SELECT column_name, data_type, comment FROM duckdb_columns()"
    " WHERE schema_name = '{}' AND table_name = '{}' ORDER BY column_index"
)
FORGET_LAYOUT = "DELETE FROM ops.setting WHERE name = 'staging_layout'"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_staging_is_what_the_contract_says_with_its_comments(warehouse: Warehouse, entity: Entity) -> None:
    with warehouse.reading() as connection:
        table = connection.execute(COLUMNS.format("staging", entity.table)).fetchall()
        view = connection.execute(COLUMNS.format("staging", f"{entity.table}_current")).fetchall()

    stored_as = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    for found, expected in ((table, staging_columns(entity)), (view, current_columns(entity))):
        assert found == [
            (column.name, stored_as.get(column.type.duckdb, column.type.duckdb), column.description)
            for column in expected
        ]


def test_ops_tables_are_as_declared(warehouse: Warehouse) -> None:
    with warehouse.reading() as connection:
        found = {
            table.name: [row[0] for row in connection.execute(COLUMNS.format("ops", table.name)).fetchall()]
            for table in OPS_TABLES
        }

    assert found == {table.name: [column.name for column in table.columns] for table in OPS_TABLES}


def test_a_new_file_gets_every_migration_once(warehouse: Warehouse) -> None:
    with warehouse.writing():
        pass

    assert rows(warehouse, "SELECT version FROM ops.schema_version") == [
        (number,) for number in range(1, len(MIGRATIONS) + 1)
    ]


def test_a_file_of_a_newer_version_is_refused_by_a_sentence(warehouse: Warehouse) -> None:
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


def test_a_column_that_the_contract_gained_is_added_and_the_rows_stay(warehouse: Warehouse) -> None:
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
def test_any_other_difference_from_the_contract_is_refused_by_name(
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


def test_a_warehouse_is_made_with_its_folder(tmp_path: Path) -> None:
    new = at(tmp_path / "data" / "warehouse" / "cdp.duckdb")

    with new.writing() as connection:
        assert connection.execute("SELECT count(*) FROM staging.customer_product_activity").fetchall() == [(0,)]


def test_what_happened_to_persons_is_carried_over_when_the_marts_move(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other marts are made anew by their next run."""
    with monkeypatch.context() as former, warehouse.writing() as connection:
        former.setattr(migrations, "MIGRATIONS", MIGRATIONS[:3])
        connection.execute("DROP SCHEMA kept; DELETE FROM ops.schema_version WHERE version > 3")
        connection.execute(
            "CREATE TABLE marts.customer_identity_change AS SELECT 'A' AS company_id, 'e:a' AS identifier,"
            " 'e:a' AS person_before, 'c:1' AS person_after, 7::BIGINT AS load_seq, now() AS changed_at"
        )
        connection.execute("CREATE TABLE marts.product AS SELECT 'S1' AS product_sku")
        connection.execute("INSERT INTO ops.mart_state VALUES ('product', 7, 'x', now())")

    with warehouse.writing():
        pass

    assert rows(warehouse, "SELECT identifier, person_after, load_seq FROM marts.customer_identity_change") == [
        ("e:a", "c:1", 7)
    ]
    assert rows(warehouse, "SELECT identifier, made_by_load FROM kept.customer_identity_change") == [("e:a", 7)]
    assert rows(warehouse, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts'") == [(0,)]
    assert rows(warehouse, "SELECT mart FROM ops.mart_state") == []

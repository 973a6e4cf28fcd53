"""Migration 7: contacts among the stored ids, and the end of the secret in the warehouse."""

import shutil
from pathlib import Path

import duckdb
import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import staging_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import has_deleted_secret, remove_deleted_secret
from cdp_etl.warehouse.schema.migrations import MIGRATIONS
from cdp_etl.warehouse.schema.v7_contact_shaped_ids import add_contact_shaped_ids
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load_records, rows
from cdp_etl_tests.warehouse.schema.test_migrations import FORGET_LAYOUT


def _before_contact_ids(path: Path) -> None:
    """Write a file of the version before the migration: rows without the decision, the log, and the secret."""
    contacts = [
        comment("1", customer_id="0901234567", identifiers=["c:Shop|0901234567", "e:a@x.vn"]),
        comment("lan@example.vn", customer_id="KH2", identifiers=["c:KH2"]),
        comment("3", customer_id="KH3", identifiers=["c:KH3"]),
    ]
    load_records(at(path), 1, contacts)
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE staging.customer_product_comment SET has_contact_customer_id = false")
        connection.execute("UPDATE staging.customer_product_comment SET has_contact_record_id = false")
        for (view,) in connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'staging'"
        ).fetchall():
            connection.execute(f"DROP VIEW staging.{view}")
        for entity in ENTITIES:
            for column in ("has_contact_customer_id", "has_contact_record_id"):
                connection.execute(f"ALTER TABLE staging.{entity.table} DROP COLUMN {column}")
        connection.execute(
            "CREATE TABLE mart_storage.customer_identity_change AS"
            " SELECT 'c:0907654321' AS identifier, 'c:Shop|84907654322' AS person_before, 'c:1' AS person_after"
        )
        connection.execute("DROP TABLE ops.contact_shaped_id")
        connection.execute("ALTER TABLE ops.load DROP COLUMN refusals_without_contact")
        connection.execute("INSERT INTO ops.metadata VALUES ('pseudonym_secret', 'the former secret of all')")
        connection.execute(FORGET_LAYOUT)
        number = MIGRATIONS.index(add_contact_shaped_ids) + 1
        connection.execute("DELETE FROM ops.schema_version WHERE version >= ?", [number])


def test_the_migration_of_contact_ids_decides_for_rows_that_exist_as_normalization_does(
    tmp_path: Path,
) -> None:
    migrated = at(tmp_path / "former.duckdb")
    _before_contact_ids(migrated.path)

    flags = "comment_id, has_contact_customer_id, has_contact_record_id"
    assert rows(migrated, f"SELECT {flags} FROM staging.customer_product_comment_current ORDER BY ALL") == [
        ("1", True, False),
        ("3", False, False),
        ("lan@example.vn", False, True),
    ]
    assert rows(migrated, "FROM ops.contact_shaped_id ORDER BY ALL") == [
        ("c:0907654321",),
        ("c:Shop|0901234567",),
        ("c:Shop|84907654322",),
        ("lan@example.vn",),
        ("||lan@example.vn",),
    ]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_migrated_columns_are_as_declared(tmp_path: Path, entity: Entity) -> None:
    migrated = at(tmp_path / "former.duckdb")
    _before_contact_ids(migrated.path)

    found = rows(
        migrated,
        "SELECT column_name, is_nullable, column_default FROM duckdb_columns() WHERE schema_name = 'staging'"
        f" AND table_name = '{entity.table}'",
    )
    assert found == sorted(
        ((column.name, column.is_nullable, None) for column in staging_columns(entity)), key=repr
    )


def test_the_secret_is_deleted_by_the_migration_and_its_bytes_by_a_compaction(tmp_path: Path) -> None:
    migrated = at(tmp_path / "former.duckdb")
    _before_contact_ids(migrated.path)

    with migrated.writing() as connection:
        assert has_deleted_secret(connection)
    assert rows(migrated, "SELECT count(*) FROM ops.metadata WHERE name = 'pseudonym_secret'") == [(0,)]

    assert remove_deleted_secret(migrated)

    with migrated.reading() as connection:
        assert not has_deleted_secret(connection)
    assert b"the former secret of all" not in migrated.path.read_bytes()


def test_without_disk_space_for_a_second_file_the_bytes_of_the_secret_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated = at(tmp_path / "former.duckdb")
    _before_contact_ids(migrated.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1, 1, 0))  # noqa: SLF001

    with migrated.writing():
        pass

    assert not remove_deleted_secret(migrated)
    with migrated.reading() as connection:
        assert has_deleted_secret(connection)

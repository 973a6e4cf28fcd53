"""The file that readers open: tables that open from any path, changed by copies, or views above a size."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.durable_files import clone_file
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot import database as database_module
from cdp_etl.marts.snapshot import tables
from cdp_etl.marts.snapshot.check import check_snapshot
from cdp_etl.marts.snapshot.manifest import Snapshot
from cdp_etl.marts.snapshot.names import DATABASE, VERSIONS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, make_record

_MARCH, _APRIL = 1, 40


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(path, read_only=True)) as connection:
        yield connection


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with opened(path) as connection:
        return connection.execute(sql).fetchall()


def database_of(loader: Loader) -> Path:
    return loader.folder / "published" / DATABASE


def all_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {mart.name: rows(path, f"FROM {mart.table} ORDER BY ALL") for mart in PUBLISHED}


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that are copied while the fixture lives."""
    sources: list[Path] = []

    def clone(source: Path, target: Path) -> None:
        sources.append(source)
        clone_file(source, target)

    monkeypatch.setattr(database_module, "clone_file", clone)
    return sources


def test_the_file_opens_from_any_path_without_the_folder_it_was_published_in(
    published: Loader, tmp_path: Path
) -> None:
    before = all_rows(database_of(published))
    moved = tmp_path.with_name(f"{tmp_path.name}-elsewhere") / "analysis.duckdb"
    moved.parent.mkdir()
    shutil.move(database_of(published), moved)
    shutil.rmtree(published.folder)

    assert before["interaction"]
    assert before["customer_product"]
    assert all_rows(moved) == before


def test_the_marts_are_listed_first_and_every_column_has_its_meaning(published: Loader) -> None:
    with opened(database_of(published)) as connection:
        listed = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        comments = connection.execute(
            "SELECT count(*), count(comment) FROM duckdb_columns() WHERE schema_name IN ('main', 'marts')"
            " AND database_name = current_database() AND NOT internal AND table_name <> 'snapshot'"
        ).fetchall()
        described = connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'interaction'"
            " UNION SELECT comment FROM duckdb_views() WHERE schema_name = 'main' AND view_name = 'interaction'"
        ).fetchall()
        same = connection.execute("FROM marts.interaction EXCEPT ALL FROM interaction").fetchall()

    assert listed == sorted([*(mart.name for mart in PUBLISHED), "snapshot"])
    assert comments[0][0] == comments[0][1] > 0
    assert described == [(INTERACTION.description,)]
    assert same == []


@pytest.mark.full
def test_only_changed_months_of_a_copy_are_replaced(loader: Loader, copied: list[Path]) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=_MARCH)])
    loader.load(ACTIVITY, 40, [make_record(ACTIVITY, "2", on=_APRIL)])
    before = loader.publish()
    assert copied == []

    loader.load(ACTIVITY, 41, [make_record(ACTIVITY, "3", on=_APRIL)])
    after = loader.publish()

    statements = " ".join(tables.change_statements(after, INTERACTION, before.marts["interaction"]))
    assert copied == [database_of(loader)]
    assert ("2026-04" in statements, "2026-03" in statements) == (True, False)
    assert rows(database_of(loader), "SELECT record_id FROM interaction ORDER BY ALL") == [("1",), ("2",), ("3",)]
    assert all(one.passed for one in check_snapshot(loader.folder / "published"))


@pytest.mark.full
def test_a_large_month_gets_its_new_rows_and_loses_its_deleted_ones(loader: Loader, copied: list[Path]) -> None:
    records = [make_record(ACTIVITY, str(number), identifiers=(f"c:{number}",)) for number in range(1, 9)]
    loader.load(ACTIVITY, 1, records)
    before = loader.publish(min_rows_for_delta=0)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "4", identifiers=("c:9",))])
    after = loader.publish(min_rows_for_delta=0)

    statements = list(tables.change_statements(after, INTERACTION, before.marts["interaction"]))
    assert copied == [database_of(loader)]
    assert [statement.split()[0] for statement in statements] == ["DELETE", "INSERT"]
    assert "2026-03.parquet" not in " ".join(statements)
    assert rows(database_of(loader), "SELECT record_id, customer_key FROM interaction ORDER BY ALL")[3:5] == [
        ("4", "c:9"),
        ("5", "c:5"),
    ]
    assert all(one.passed for one in check_snapshot(loader.folder / "published"))


def test_above_the_size_the_file_has_views_and_below_it_tables_again(published: Loader) -> None:
    before = all_rows(database_of(published))
    as_tables = database_of(published).stat().st_size

    published.publish(max_portable_bytes=0)
    views = rows(database_of(published), "SELECT sql FROM duckdb_views() WHERE schema_name = 'marts'")

    assert len(views) == len(PUBLISHED)
    assert any("read_parquet" in sql for (sql,) in views)
    assert all_rows(database_of(published)) == before
    assert database_of(published).stat().st_size < as_tables
    published.publish()
    assert all_rows(database_of(published)) == before
    assert not rows(database_of(published), "SELECT sql FROM duckdb_views() WHERE sql LIKE '%read_parquet%'")


def test_a_publish_without_changes_leaves_the_file_as_it_is(published: Loader) -> None:
    before = database_of(published).stat()

    published.publish()

    after = database_of(published).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_of_a_former_layout_is_described_again(published: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = INTERACTION.columns
    described = replace(INTERACTION, columns=(replace(first, description="New words."), *others))
    marts = tuple(described if mart is INTERACTION else mart for mart in PUBLISHED)
    monkeypatch.setattr(database_module, "PUBLISHED", marts)

    published.publish()

    comments = "SELECT DISTINCT comment FROM duckdb_columns() WHERE table_name = 'interaction' AND column_name = ?"
    with opened(database_of(published)) as connection:
        assert connection.execute(comments, [first.name]).fetchall() == [("New words.",)]


@pytest.mark.full
def test_values_that_are_no_longer_published_are_not_in_the_file(loader: Loader) -> None:
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:canary@x.vn",))])
    loader.publish(with_personal_data=True)
    with_address = database_of(loader).read_bytes()

    loader.publish()

    assert b"canary@x.vn" in with_address
    assert b"canary@x.vn" not in database_of(loader).read_bytes()


def test_a_file_with_other_rows_than_the_parquet_files_is_deleted(published: Loader) -> None:
    database = database_of(published)
    before = all_rows(database)
    database.chmod(0o600)
    with closing(duckdb.connect(database)) as connection:
        connection.execute("UPDATE marts.interaction SET action = 'other'")

    (damaged,) = [one for one in check_snapshot(database.parent) if not one.passed]

    assert "has other rows of interaction" in damaged.sentence
    assert not database.exists()
    published.publish()
    assert all_rows(database) == before


@pytest.mark.full
def test_a_damaged_file_is_not_copied(published: Loader) -> None:
    database = database_of(published)
    before = all_rows(database)
    content = bytearray(database.read_bytes())
    for offset in range(3 * 4096, len(content), 50_000):  # the three headers stay
        content[offset] ^= 255
    database.unlink()
    database.write_bytes(content)

    published.load(ACTIVITY, 9, [make_record(ACTIVITY, "9")])
    published.publish()

    assert set(before["interaction"]) < set(all_rows(database)["interaction"])
    assert all(one.passed for one in check_snapshot(database.parent))


def test_the_part_of_a_killed_publish_is_replaced(published: Loader) -> None:
    part = database_of(published).with_name(f".{DATABASE}.part")
    part.write_bytes(b"half a file")
    part.with_name(f"{part.name}.wal").write_bytes(b"half a log")

    published.load(ACTIVITY, 9, [make_record(ACTIVITY, "9")])
    published.publish()

    assert ("9",) in rows(database_of(published), "SELECT record_id FROM interaction")
    assert sorted(path.name for path in part.parent.iterdir()) == [DATABASE, VERSIONS]


def test_a_version_whose_file_was_lost_is_written_in_full(published: Loader, copied: list[Path]) -> None:
    before = all_rows(database_of(published))
    database_of(published).unlink()

    snapshot = published.publish()

    latest = latest_snapshot(published.folder / "published")
    assert isinstance(latest, Snapshot)
    assert snapshot.version == latest.version
    assert copied == []
    assert all_rows(database_of(published)) == before

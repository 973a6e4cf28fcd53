"""The published snapshot: complete or absent, with costs of the change alone, and without blocking readers.

`test_database.py` is about the file that readers open.
"""

import json
import multiprocessing
import os
import time
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from stat import S_IMODE
from typing import Any

import duckdb
import polars as pl
import pytest

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.file_modes import Readers
from cdp_etl.marts.engine import tombstones
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.refresh import rebuild_mart, refresh_marts
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot import publish as publish_module
from cdp_etl.marts.snapshot.check import check_snapshot
from cdp_etl.marts.snapshot.manifest import LAYOUT, MANIFEST, Snapshot
from cdp_etl.marts.snapshot.names import DATABASE, VERSIONS
from cdp_etl.marts.snapshot.publication import published_columns
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.warehouse.errors import WarehouseReplacedError
from cdp_etl.warehouse.maintenance.backup import backup, restore
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, make_record

_MARCH, _APRIL = 1, 40


def _publish(loader: Loader, **options: Any) -> Snapshot:
    return loader.publish(**options)


def _read(loader: Loader, sql: str) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(loader.folder / "published" / DATABASE, read_only=True)) as connection:
        return connection.execute(sql).fetchall()


def test_the_snapshot_has_every_mart_and_its_load(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])

    snapshot = _publish(loader)

    assert snapshot.as_of == 1
    assert _read(loader, "SELECT as_of, has_personal_data FROM snapshot") == [(1, False)]
    assert {mart.name: snapshot.row_count(mart.name) for mart in PUBLISHED} == {
        mart.name: _read(loader, f"SELECT count(*) FROM marts.{mart.name}")[0][0] for mart in PUBLISHED
    }
    assert _read(loader, "SELECT entity, record_id FROM marts.interaction") == [("customer_product_activity", "1")]


@pytest.mark.full
def test_a_mart_without_rows_is_published_with_its_columns(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [])

    _publish(loader)

    assert _read(loader, "SELECT count(*) FROM marts.interaction") == [(0,)]
    found = [name for (name, *_) in _read(loader, "DESCRIBE marts.interaction")]
    assert found == [column.name for column in INTERACTION.columns if column.name != "key_hash"]


@pytest.mark.full
def test_only_months_that_changed_are_written_again(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=_MARCH)])
    loader.load(ACTIVITY, 40, [make_record(ACTIVITY, "2", on=_APRIL)])
    before = _publish(loader)

    loader.load(ACTIVITY, 41, [make_record(ACTIVITY, "3", on=_APRIL)])
    after = _publish(loader)

    paths = {month: f"interaction/{month}.parquet" for month in ("2026-03", "2026-04")}
    same = {month: (before.folder / path).samefile(after.folder / path) for month, path in paths.items()}
    assert same == {"2026-03": True, "2026-04": False}
    assert _read(loader, "SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("2",), ("3",)]


@pytest.mark.full
def test_a_large_month_gets_delta_files(loader: Loader) -> None:
    """Three records stay in the first file, one is replaced by a tombstone and a new row, one is added."""
    records = [make_record(ACTIVITY, str(number), identifiers=(f"c:{number}",)) for number in range(1, 5)]
    loader.load(ACTIVITY, 1, records)
    before = _publish(loader, min_rows_for_delta=0)

    loader.load(
        ACTIVITY,
        2,
        [make_record(ACTIVITY, "4", identifiers=("c:9",)), make_record(ACTIVITY, "5", identifiers=("c:5",))],
    )
    after = _publish(loader, min_rows_for_delta=0)

    first, second = "interaction/2026-03.parquet", "interaction/2026-03.2.parquet"
    month = after.marts["interaction"][date(2026, 3, 1)]
    assert (month.data, month.deletes, month.rows) == (
        (first, second),
        ("interaction/deletes/2026-03.2.parquet",),
        5,
    )
    assert (before.folder / first).samefile(after.folder / first)
    added = pl.read_parquet(after.folder / second, columns=["record_id"])
    assert sorted(added["record_id"]) == ["4", "5"]
    assert _read(loader, "SELECT record_id, customer_key FROM marts.interaction ORDER BY ALL") == [
        ("1", "c:1"), ("2", "c:2"), ("3", "c:3"), ("4", "c:9"), ("5", "c:5")
    ]  # fmt: skip # a table


@pytest.mark.full
def test_a_month_with_many_tombstones_is_written_in_full(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2")])
    _publish(loader, min_rows_for_delta=0)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", hour=15)])
    after = _publish(loader, min_rows_for_delta=0)

    month = after.marts["interaction"][date(2026, 3, 1)]
    assert (month.data, month.deletes) == (("interaction/2026-03.parquet",), ())
    assert _read(loader, "SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("2",)]


@pytest.mark.full
def test_a_restored_warehouse_reuses_no_file_of_the_previous_version(loader: Loader) -> None:
    """Lost loads and later ones have the same numbers, so their files must not be mixed."""
    records = [make_record(ACTIVITY, str(number)) for number in range(1, 9)]
    loader.load(ACTIVITY, 1, records)
    _publish(loader, min_rows_for_delta=0)
    copy = loader.folder / "backup.duckdb"
    backup(loader.warehouse, copy)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "lost")])
    _publish(loader, min_rows_for_delta=0)

    restore(loader.warehouse, copy, replace_existing=True)
    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "new")])
    loader.load(ACTIVITY, 4, [make_record(ACTIVITY, "newer")])
    _publish(loader, min_rows_for_delta=0)

    found = [own_id for (own_id,) in _read(loader, "SELECT record_id FROM marts.interaction ORDER BY ALL")]
    assert found == [*(str(number) for number in range(1, 9)), "new", "newer"]


@pytest.mark.full
def test_tombstones_of_a_mart_that_is_not_published_are_compacted(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tombstones, "MIN_COMPACTION_ROWS", 2)
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2")])
    _publish(loader, min_rows_for_delta=0)

    for number in range(2, 6):
        loader.load(ACTIVITY, number, [make_record(ACTIVITY, "1", hour=number)])
        refresh_marts(loader.warehouse, loader.settings)

    assert loader.rows("SELECT count(*) AS n FROM mart_storage.interaction_tombstones") == [{"n": 1}]
    _publish(loader, min_rows_for_delta=0)
    assert _read(loader, "SELECT record_id, hour(occurred_at) FROM marts.interaction ORDER BY ALL") == [
        ("1", 5),
        ("2", 12),
    ]


@pytest.mark.full
def test_a_version_of_a_former_layout_is_replaced_in_full(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    before = _publish(loader)
    manifest = before.folder / MANIFEST
    former = {**json.loads(manifest.read_text()), "marts": {"interaction": {"2026-03-01": {"path": "x"}}}}
    del former["layout"]
    manifest.write_text(json.dumps(former))

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
    _publish(loader)

    assert _read(loader, "SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("2",)]


@pytest.mark.full
def test_a_version_of_layout_2_is_read_with_its_files_and_replaced_in_full(loader: Loader) -> None:
    """Its manifest says `left` for `deletes`, and its files name the columns of loads differently."""
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, str(number)) for number in range(1, 9)])
    _publish(loader, min_rows_for_delta=0)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", hour=15)])
    before = _publish(loader, min_rows_for_delta=0)
    former = json.loads((before.folder / MANIFEST).read_text()) | {"layout": 2}
    for files in (files for months in former["marts"].values() for files in months.values()):
        files["kind"] = "2" + files["kind"].removeprefix(str(LAYOUT))
        files["left"] = [path.replace("/deletes/", "/left/") for path in files.pop("deletes")]
        files["left_rows"] = files.pop("deleted_rows")
    for folder in before.folder.glob("*/deletes"):
        folder.rename(folder.with_name("left"))
    (before.folder / MANIFEST).write_text(json.dumps(former))

    read = latest_snapshot(loader.folder / "published")
    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "9")])
    after = _publish(loader, min_rows_for_delta=0)

    month = date(2026, 3, 1)
    assert read is not None
    assert read.marts["interaction"][month].deletes == ("interaction/left/2026-03.2.parquet",)
    assert (read.marts["interaction"][month].deleted_rows, read.row_count("interaction")) == (1, 8)
    assert after.marts["interaction"][month].data == ("interaction/2026-03.parquet",)
    assert not list(after.folder.glob("*/left"))
    assert _read(loader, "SELECT count(*) FROM marts.interaction") == [(9,)]


@pytest.mark.parametrize("stored", [".", "/where/it/was"], ids=["relative", "as earlier releases wrote it"])
def test_a_moved_snapshot_keeps_its_files_and_its_readers_get_the_new_path(published: Loader, stored: str) -> None:
    before = latest_snapshot(published.folder / "published")
    assert before is not None
    manifest = before.folder / MANIFEST
    text = json.dumps(json.loads(manifest.read_text()) | {"folder": stored})
    manifest.unlink()
    manifest.write_text(text)
    rows = _read(published, "FROM marts.interaction ORDER BY ALL")
    moved = replace(published, folder=published.folder.with_name(f"{published.folder.name}-moved"))
    published.folder.rename(moved.folder)

    after = _publish(moved)

    assert (after.version, after.folder) == (
        before.version,
        moved.folder / "published" / VERSIONS / before.version,
    )
    assert _read(moved, "FROM marts.interaction ORDER BY ALL") == rows


@pytest.mark.parametrize("harm", ["a changed byte", "a lost file", "the database"])
def test_a_damaged_file_of_the_snapshot_is_found_and_the_next_publish_writes_it(
    published: Loader, harm: str
) -> None:
    folder = published.folder / "published"
    rows = _read(published, "FROM marts.interaction ORDER BY ALL")
    snapshot = latest_snapshot(folder)
    assert snapshot is not None
    assert all(one.passed for one in check_snapshot(folder))
    path = folder / DATABASE if harm == "the database" else snapshot.folder / "interaction/2026-03.parquet"
    content = bytearray(path.read_bytes())
    path.unlink()
    if harm != "a lost file":
        content[len(content) // 2] ^= 255
        path.write_bytes(content if harm == "a changed byte" else b"no database")

    (damaged,) = [one for one in check_snapshot(folder) if not one.passed]

    assert str(path) in damaged.sentence
    assert "`cdp-etl marts publish`" in damaged.sentence
    _publish(published)
    assert all(one.passed for one in check_snapshot(folder))
    assert _read(published, "FROM marts.interaction ORDER BY ALL") == rows


@pytest.mark.full
def test_the_group_of_readers_can_read_every_version_and_nobody_else(loader: Loader) -> None:
    for dump_day in (_MARCH, _APRIL):
        loader.load(ACTIVITY, dump_day, [make_record(ACTIVITY, "1", on=dump_day)])
        loader.publish(readers=Readers(os.getegid()))

    published = loader.folder / "published"
    found = {(path.is_dir(), S_IMODE(path.stat().st_mode)) for path in (published, *published.rglob("*"))}

    assert found == {(True, 0o750), (False, 0o440), (False, 0o640)}


def test_nothing_new_publishes_no_new_version(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])

    assert _publish(loader).version == _publish(loader).version


def test_a_new_warehouse_does_not_replace_the_snapshot_of_a_lost_one(published: Loader) -> None:
    before = _read(published, "FROM marts.interaction ORDER BY ALL")
    published.warehouse.path.unlink()
    published.load(ACTIVITY, 9, [make_record(ACTIVITY, "9")])

    with pytest.raises(WarehouseReplacedError, match="`cdp-etl marts publish --new-warehouse`"):
        _publish(published)

    assert _read(published, "FROM marts.interaction ORDER BY ALL") == before
    _publish(published, new_warehouse=True)
    published.load(ACTIVITY, 10, [make_record(ACTIVITY, "10")])
    _publish(published)
    assert _read(published, "SELECT record_id FROM marts.interaction ORDER BY ALL") == [("10",), ("9",)]


def test_a_first_publish_killed_after_its_version_has_its_name_is_repeated(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    with monkeypatch.context() as patch:
        patch.setattr(publish_module, "replace_database", _killed)
        with pytest.raises(KeyboardInterrupt):
            _publish(loader)

    assert _publish(loader).as_of == 1


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.full
def test_a_rebuilt_mart_is_written_in_full(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    before = _publish(loader)

    rebuild_mart(loader.warehouse, INTERACTION, loader.settings)
    after = _publish(loader)

    path = "interaction/2026-03.parquet"
    assert not (before.folder / path).samefile(after.folder / path)


@pytest.mark.full
def test_persons_split_by_a_setting_are_published_as_changes(loader: Loader) -> None:
    """Without a load in between, the changes have the load_seq of changes that were published before."""
    changes = "SELECT identifier, person_before, person_after FROM marts.customer_identity_change ORDER BY ALL"
    merged = [("c:2", "c:2", "c:1")]
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("c:2",))])
    _publish(loader, with_personal_data=True)
    loader.load(
        ACTIVITY,
        2,
        [
            make_record(ACTIVITY, "2", identifiers=("c:2", "e:a")),
            make_record(ACTIVITY, "3", identifiers=("c:1", "e:a")),
        ],
    )
    _publish(loader, min_rows_for_delta=0, with_personal_data=True)
    assert _read(loader, changes) == merged

    split = replace(loader, settings=MartSettings(identifier_denylist=("e:a",)))
    _publish(split, min_rows_for_delta=0, with_personal_data=True)

    assert _read(loader, changes) == [("c:2", "c:1", "c:2"), *merged, ("e:a", "c:1", "e:a")]


@pytest.mark.full
def test_a_month_without_rows_has_no_file(loader: Loader) -> None:
    loader.load(ACTIVITY, 40, [make_record(ACTIVITY, "1", on=_MARCH), make_record(ACTIVITY, "2", on=_APRIL)])
    _publish(loader)

    loader.load(ACTIVITY, 40, [make_record(ACTIVITY, "1", on=_MARCH)])
    after = _publish(loader)

    assert [path.name for path in (after.folder / "interaction").iterdir()] == ["2026-03.parquet"]


@pytest.mark.full
def test_old_versions_are_removed_after_the_grace_period(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    first = _publish(loader)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])

    second = _publish(loader)
    assert first.folder.exists()

    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "3")])
    _publish(loader, grace=timedelta(0))
    assert not first.folder.exists()
    assert not second.folder.exists()


@pytest.mark.full
def test_the_part_of_an_interrupted_publish_is_removed(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    snapshot = _publish(loader)
    part = loader.folder / "published" / VERSIONS / ".29990101T000000.000000Z-9.part"
    part.mkdir()

    assert latest_snapshot(loader.folder / "published") == snapshot
    _publish(loader)
    assert not part.exists()


@pytest.mark.parametrize(
    ("with_personal_data", "expected"),
    [
        pytest.param(True, ["c:1", "e:a@x.vn"], id="with personal data"),
        pytest.param(False, ["c:1"], id="by default"),
    ],
)
def test_an_address_is_published_only_with_personal_data(
    loader: Loader, *, with_personal_data: bool, expected: list[str]
) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("c:1", "e:a@x.vn"))])
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:a@x.vn",))])

    _publish(loader, with_personal_data=with_personal_data)

    keys = [key for (key,) in _read(loader, "SELECT customer_key FROM marts.interaction ORDER BY ALL")]
    assert len(keys) == 2
    assert [key for key in keys if "@" in key or key.startswith("c:")] == expected


def test_a_pseudonym_is_the_same_in_every_mart_and_every_snapshot(loader: Loader) -> None:
    keys = "SELECT customer_key FROM marts.interaction UNION SELECT customer_key FROM marts.customer_product_daily"
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("p:+84900000001",))])
    _publish(loader)
    before = _read(loader, keys)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", identifiers=("p:+84900000001",))])
    _publish(loader)

    assert len(before) == 1
    assert before[0][0].startswith("p:")
    assert "84900000001" not in before[0][0]
    assert _read(loader, keys) == before


@pytest.mark.parametrize("kind", [kind for kind in Personal if kind is not Personal.IDENTIFIER])
def test_columns_with_personal_data_are_left_out(kind: Personal) -> None:
    public = TableColumn("public", TEXT, "Public.", publication=Publication.UNCHANGED)
    columns = (public, TableColumn("private", TEXT, "Private.", personal=kind))

    assert published_columns(columns, has_personal_data=False) == columns[:1]
    assert published_columns(columns, has_personal_data=True) == columns


def _read_until(database: Path, started: Event, stop: Event, failures: "multiprocessing.Queue[str]") -> None:
    """Open the snapshot repeatedly while it is replaced; each time it must be one complete version."""
    while not stop.is_set():
        try:
            with closing(duckdb.connect(database, read_only=True)) as connection:
                ((as_of,),) = connection.execute("SELECT as_of FROM snapshot").fetchall()
                ((rows,),) = connection.execute("SELECT count(*) FROM marts.interaction").fetchall()
            if rows != as_of:
                failures.put(f"as of load {as_of} there are {rows} interactions")
        except duckdb.Error as error:
            failures.put(str(error))
        started.set()
        time.sleep(0.01)  # a reader that never sleeps takes a core, and sees no more versions


@pytest.mark.full
def test_a_reader_in_another_process_is_not_blocked_and_sees_complete_versions(loader: Loader) -> None:
    context = multiprocessing.get_context("spawn")
    started, stop, failures = context.Event(), context.Event(), context.Queue()
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    _publish(loader)
    reader = context.Process(
        target=_read_until, args=(loader.folder / "published" / DATABASE, started, stop, failures)
    )
    reader.start()
    assert started.wait(60)

    for number in range(2, 6):
        loader.load(ACTIVITY, number, [make_record(ACTIVITY, str(number))])
        _publish(loader)
    stop.set()
    reader.join(60)

    assert reader.exitcode == 0
    assert failures.empty()


@pytest.mark.full
def test_a_reader_can_go_on_reading_an_old_version(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    _publish(loader)

    with closing(duckdb.connect(loader.folder / "published" / DATABASE, read_only=True)) as reader:
        loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
        _publish(loader)
        assert reader.execute("SELECT count(*) FROM marts.interaction").fetchall() == [(1,)]

    assert _read(loader, "SELECT count(*) FROM marts.interaction") == [(2,)]

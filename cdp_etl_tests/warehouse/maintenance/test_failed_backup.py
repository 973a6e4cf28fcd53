"""Backup and restore that fail: nothing is lost, and one sentence says what is needed."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from cdp_etl.storage_errors import DiskFullError
from cdp_etl.warehouse import (
    BackupDamagedError,
    NotABackupError,
    Warehouse,
    WarehouseLockedError,
    WarehouseStorageError,
    backup,
    restore,
)
from cdp_etl.warehouse.maintenance import backup as backup_module
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

TITLES = "SELECT comment_id, title FROM staging.customer_product_comment_current"
COMMIT_INTO_LOG = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("SET checkpoint_threshold = '1TB'")
connection.execute("UPDATE staging.customer_product_comment SET title = 'committed'")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def saved(warehouse: Warehouse, tmp_path: Path) -> Path:
    """Return a backup with the title `kept`; the warehouse has `newer`."""
    load_records(warehouse, 1, [comment("1", title="kept")])
    copy = backup(warehouse, tmp_path / "backups" / "monday.duckdb").path
    load_records(warehouse, 1, [comment("1", title="newer")])
    return copy


def commit_into_log(warehouse: Warehouse) -> Path:
    """Commit the title `committed` and kill the process, so that only the log has it. Return the log."""
    killed = subprocess.run([sys.executable, "-c", COMMIT_INTO_LOG, str(warehouse.path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    log = warehouse.path.with_name("cdp.duckdb.wal")
    assert log.stat().st_size > 0
    return log


def files(warehouse: Warehouse) -> list[str]:
    """Return the files next to the warehouse, without its lock."""
    return sorted(path.name for path in warehouse.path.parent.glob("cdp.duckdb*") if path.suffix != ".lock")


def disk_with(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every disk have this number of free bytes."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))


def test_a_restore_onto_a_full_disk_keeps_commits_that_are_in_the_log_only(
    warehouse: Warehouse, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_into_log(warehouse)
    needed = saved.stat().st_size
    disk_with(needed - 1, monkeypatch)

    with pytest.raises(DiskFullError, match=f"{needed} bytes are needed and {needed - 1} are free"):
        restore(warehouse, saved, replace_existing=True)

    assert files(warehouse) == ["cdp.duckdb", "cdp.duckdb.wal"]
    assert rows(warehouse, TITLES) == [("1", "committed")]


def test_a_restore_whose_copy_fails_keeps_commits_that_are_in_the_log_only(
    warehouse: Warehouse, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_into_log(warehouse)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))

        with pytest.raises(OSError, match=r"No space left on device: '.*cdp\.duckdb\.restoring'"):
            restore(warehouse, saved, replace_existing=True)

    assert rows(warehouse, TITLES) == [("1", "committed")]
    restore(warehouse, saved, replace_existing=True)
    assert rows(warehouse, TITLES) == [("1", "kept")]


@pytest.mark.parametrize("step", ["copy_to_part", "_read_completely", "replace_file"])
def test_a_restore_that_is_killed_before_a_step_loses_no_commit(
    warehouse: Warehouse, saved: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A process that is killed runs no `finally`, so it is a child."""
    commit_into_log(warehouse)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(backup_module, step, lambda *_args, **_kwargs: os._exit(9))
        restore(warehouse, saved, replace_existing=True)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert rows(warehouse, TITLES) == [("1", "committed")]
    load_records(warehouse, 2, [comment("2")])
    assert files(warehouse) == ["cdp.duckdb"]


def test_a_backup_with_a_flipped_byte_is_not_restored(warehouse: Warehouse, saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    for offset in range(12288, len(content), 4096):
        content[offset + 100] ^= 1
    saved.write_bytes(content)

    with pytest.raises(NotABackupError, match="damaged"):
        restore(warehouse, saved, replace_existing=True)

    assert rows(warehouse, TITLES) == [("1", "newer")]


def test_a_damaged_warehouse_and_its_log_are_moved_aside(warehouse: Warehouse, saved: Path) -> None:
    log = commit_into_log(warehouse)
    committed = log.read_bytes()
    warehouse.path.write_bytes(b"no database")

    restored = restore(warehouse, saved, replace_existing=True)

    assert rows(warehouse, TITLES) == [("1", "kept")]
    assert restored.moved_aside is not None
    assert restored.moved_aside.read_bytes() == b"no database"
    assert restored.moved_aside.with_name(f"{restored.moved_aside.name}.wal").read_bytes() == committed


def test_a_log_without_its_file_is_not_replayed_into_the_restored_one(warehouse: Warehouse, saved: Path) -> None:
    commit_into_log(warehouse)
    warehouse.path.unlink()

    restore(warehouse, saved, replace_existing=False)

    assert rows(warehouse, TITLES) == [("1", "kept")]


def test_a_warehouse_that_another_program_has_open_is_not_replaced(warehouse: Warehouse, saved: Path) -> None:
    program = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(warehouse.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"

        with pytest.raises(WarehouseLockedError, match=f"process {other.pid}"):
            restore(replace(warehouse, lock_timeout_seconds=0.2), saved, replace_existing=True)

        other.communicate()
    assert rows(warehouse, TITLES) == [("1", "newer")]


def test_a_backup_onto_a_full_disk_names_the_bytes_and_leaves_nothing(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_records(warehouse, 1, [comment("1", title="kept")])
    with monkeypatch.context() as patch:
        disk_with(1000, patch)
        with pytest.raises(DiskFullError, match=r"monday\.duckdb\.part: \d+ bytes are needed and 1000 are free"):
            backup(warehouse, tmp_path / "backups" / "monday.duckdb")
    assert list((tmp_path / "backups").iterdir()) == []

    assert backup(warehouse, tmp_path / "backups" / "monday.duckdb").load_seq == 1


def test_a_backup_of_a_warehouse_with_bit_rot_is_refused_and_deleted(warehouse: Warehouse, tmp_path: Path) -> None:
    load_records(warehouse, 1, [comment(str(number), title=f"title {number}") for number in range(2000)])
    block = data_block(warehouse, "staging.customer_product_comment")
    content = bytearray(warehouse.path.read_bytes())
    content[block + 1000] ^= 1
    warehouse.path.write_bytes(content)

    with pytest.raises(BackupDamagedError, match="Corrupt database file"):
        backup(warehouse, tmp_path / "backups" / "monday.duckdb")

    assert list((tmp_path / "backups").iterdir()) == []


def test_a_lock_that_cannot_be_opened_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    lock = warehouse.path.with_name("cdp.duckdb.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()

    with pytest.raises(WarehouseStorageError, match=r"cannot be used: .*cdp\.duckdb\.lock: Is a directory"):
        backup(warehouse, tmp_path / "monday.duckdb")


def data_block(warehouse: Warehouse, table: str) -> int:
    """Return the offset in the file of a block with rows of a table."""
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        found = connection.execute(
            f"SELECT max(block_id) FROM pragma_storage_info('{table}') WHERE block_id >= 0"
        ).fetchone()
    assert found is not None
    return 3 * 4096 + int(found[0]) * 262144

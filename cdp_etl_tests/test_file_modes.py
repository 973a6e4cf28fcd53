"""Modes of what the product writes: for its owner, and what is published for a group."""

import os
import subprocess
import sys
from pathlib import Path
from stat import S_IMODE

import pytest

from cdp_etl.file_modes import OWNER_ONLY, Readers, ReadersGroupError, restrict_new_files, tighten
from cdp_etl.warehouse.lock import exclusive_lock, lock_path, shared_lock

GROUP = Readers(os.getegid())


def modes(folder: Path) -> dict[str, int]:
    """Return the modes of everything in a folder, by relative path."""
    return {str(path.relative_to(folder)): S_IMODE(path.lstat().st_mode) for path in sorted(folder.rglob("*"))}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder as an earlier release wrote it, readable by everybody."""
    data = tmp_path / "data"
    for name in ("lake/a.parquet", "published/snapshots/1/b.parquet", "reports/c.html", "landing/d.csv"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).touch(0o644)
    (data / "published/snapshots/1/b.parquet").chmod(0o444)
    (data / "link").symlink_to("/etc/hostname")
    for path in data.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    data.chmod(0o755)
    return data


def tightened(data: Path, readers: Readers) -> tuple[int, int]:
    """Tighten the data folder, except its landing zone."""
    done = tighten(
        data, published=[data / "published", data / "reports"], readers=readers, skipped=[data / "landing"]
    )
    return done.changed, done.foreign


def test_a_folder_of_an_earlier_release_is_for_its_owner_afterwards(data: Path) -> None:
    changed = tightened(data, OWNER_ONLY)

    assert changed == (9, 0)
    assert S_IMODE(data.stat().st_mode) == 0o700
    assert modes(data) == {
        "lake": 0o700,
        "lake/a.parquet": 0o600,
        "landing": 0o755,
        "landing/d.csv": 0o644,
        "link": 0o777,
        "published": 0o700,
        "published/snapshots": 0o700,
        "published/snapshots/1": 0o700,
        "published/snapshots/1/b.parquet": 0o400,
        "reports": 0o700,
        "reports/c.html": 0o600,
    }
    assert tightened(data, OWNER_ONLY) == (0, 0)


def test_the_group_of_readers_reaches_what_is_published_and_nothing_else(data: Path) -> None:
    tightened(data, GROUP)

    assert S_IMODE(data.stat().st_mode) == 0o750
    found = modes(data)
    assert {path: mode for path, mode in found.items() if mode & 0o070 and not path.startswith("landing")} == {
        "link": 0o777,
        "published": 0o750,
        "published/snapshots": 0o750,
        "published/snapshots/1": 0o750,
        "published/snapshots/1/b.parquet": 0o440,
        "reports": 0o750,
        "reports/c.html": 0o640,
    }
    assert tightened(data, GROUP) == (0, 0)
    assert tightened(data, OWNER_ONLY) == (7, 0)


def test_what_belongs_to_other_users_is_counted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(self), mode)

    monkeypatch.setattr(Path, "chmod", refuse)

    assert tightened(data, OWNER_ONLY) == (0, 9)


def test_a_file_that_cannot_be_given_to_the_group_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, user: int, group: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path), user, group)

    monkeypatch.setattr(os, "chown", refuse)

    with pytest.raises(ReadersGroupError, match=r"c\.html cannot be given to the group .* CDP_ETL_READERS_GROUP"):
        GROUP.admit(data / "reports/c.html")


def test_new_files_of_this_process_and_its_children_are_for_their_owner(tmp_path: Path) -> None:
    restrict_new_files()

    (tmp_path / "a").mkdir()
    subprocess.run([sys.executable, "-c", "open('b', 'w')"], cwd=tmp_path, check=True)

    assert modes(tmp_path) == {"a": 0o700, "b": 0o600}


@pytest.mark.parametrize("existing", [None, 0o644, 0o666])
def test_only_the_owner_can_hold_the_lock_of_the_warehouse(tmp_path: Path, existing: int | None) -> None:
    """Any process that can open the lock file can hold the lock, and stop every load."""
    warehouse = tmp_path / "cdp.duckdb"
    for lock in (exclusive_lock, shared_lock):
        lock_path(warehouse).unlink(missing_ok=True)
        if existing is not None:
            lock_path(warehouse).touch()
            lock_path(warehouse).chmod(existing)
        with lock(warehouse, 1, lambda _: None):
            assert S_IMODE(lock_path(warehouse).stat().st_mode) == 0o600

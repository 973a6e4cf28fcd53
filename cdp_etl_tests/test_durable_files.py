"""Durable file operations: a reader or a crash finds a complete file or none."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from cdp_etl.durable_files import PartialFile, clone_file, copy_to_part, hash_file, replace_file, write_file
from cdp_etl.storage_errors import DiskFullError


def fail_with(number: int) -> Callable[..., NoReturn]:
    """Return a function of the operating system that fails, without the name of a file."""

    def fail(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_written_file_replaces_the_old_one_and_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    write_file(path, b"old")
    write_file(path, b"new")

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_copy_creates_its_folder_and_keeps_the_source(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "backup" / "a"
    source.write_bytes(b"content")

    copy_to_part(source, target)

    assert (source.read_bytes(), target.read_bytes()) == (b"content", b"content")
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_copy_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"content")
    monkeypatch.setattr(os, "fsync", fail_with(errno.EIO))

    with pytest.raises(OSError, match="Input/output error"):
        copy_to_part(tmp_path / "a", tmp_path / "b")

    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_copy_that_does_not_fit_names_the_bytes_needed_and_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=6))

    with pytest.raises(DiskFullError, match=f"{tmp_path}/b: 7 bytes are needed and 6 are free there"):
        copy_to_part(tmp_path / "a", tmp_path / "b")

    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_failed_write_keeps_the_old_file_names_it_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))

    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/a.part'"):
        write_file(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_replaced_file_has_the_new_content(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new")

    replace_file(tmp_path / "new", tmp_path / "old")

    assert (tmp_path / "old").read_bytes() == b"new"
    assert not (tmp_path / "new").exists()


def test_a_file_is_hashed_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)

    assert hash_file(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_a_partial_file_that_a_crash_left_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"\0" * 100)

    part = PartialFile(tmp_path / "a")
    part.write([b"whole"])
    part.close()

    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_closed_partial_file_is_resumed_with_its_hash(tmp_path: Path) -> None:
    first = PartialFile(tmp_path / "a")
    first.write([b"one, "])
    first.close()

    second = PartialFile(tmp_path / "a")
    second.write([b"two"])
    second.close()

    assert (tmp_path / "a").read_bytes() == b"one, two"
    assert (second.bytes, second.sha256) == (8, hashlib.sha256(b"one, two").hexdigest())


@pytest.mark.parametrize("number", [0, errno.EXDEV, errno.EOPNOTSUPP])
def test_a_clone_has_the_content_whether_or_not_the_file_system_can_share_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").write_bytes(b"content" * 100_000)
    if number:
        monkeypatch.setattr(os, "copy_file_range", fail_with(number))

    clone_file(tmp_path / "a", tmp_path / "b")

    assert (tmp_path / "b").read_bytes() == b"content" * 100_000


def test_a_clone_on_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"content")
    monkeypatch.setattr(os, "copy_file_range", fail_with(errno.ENOSPC))

    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/b'"):
        clone_file(tmp_path / "a", tmp_path / "b")

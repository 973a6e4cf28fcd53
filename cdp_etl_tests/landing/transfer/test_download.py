"""Downloads that meet a crash, a full disk, or a file system without links."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from cdp_etl.durable_files import PartialFile
from cdp_etl.landing import LandingError, latest_pull, pull_dump
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner

PULL = """
import sys
from datetime import date
from pathlib import Path
from cdp_etl.landing import open_zone, pull_dump
pull_dump(open_zone(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]), Path(sys.argv[4]))
"""


@pytest.mark.full
@pytest.mark.parametrize("part", range(5))
def test_a_killed_pull_leaves_nothing_and_the_next_one_is_complete(
    folder: FolderPartner, archive: Path, part: int
) -> None:
    """Kill the pull at times spread from the first downloaded file to the end."""
    delivered = {f"part-{number}.csv": os.urandom(2_000_000) for number in range(20)}
    for path, content in delivered.items():
        folder.put(f"{FOLDER}/{path}", content)
    command = [sys.executable, "-c", PULL, str(folder.root), ENTITY, DAY.isoformat(), str(archive)]
    with subprocess.Popen(command) as process:
        incoming = archive / FOLDER / ".incoming"
        while process.poll() is None and not (incoming.is_dir() and any(incoming.iterdir())):
            time.sleep(0.001)
        time.sleep(part * 0.03)
        process.send_signal(signal.SIGKILL)

    after_the_kill = latest_pull(archive, ENTITY, DAY)
    pull = pull_dump(folder.zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert {file.path: (pull.directory / file.path).read_bytes() for file in pull.files} == delivered
    assert after_the_kill is None or after_the_kill.fingerprint == pull.fingerprint
    assert not (archive / FOLDER / ".incoming").exists() or after_the_kill is not None


def test_a_full_disk_is_an_error_with_the_file(
    folder: FolderPartner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")

    def full(_self: PartialFile, _chunks: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(PartialFile, "write", full)

    with pytest.raises(LandingError, match=r"a\.csv: the raw archive cannot be written: No space left on device"):
        pull_dump(folder.zone(), ENTITY, DAY, archive)


def test_a_file_system_without_links_stores_copies(
    folder: FolderPartner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_self: Path, _target: Path) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    folder.put(f"{FOLDER}/a.csv", b"x")

    pull = pull_dump(folder.zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == b"x"

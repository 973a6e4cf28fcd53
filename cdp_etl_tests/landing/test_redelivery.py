"""Repeated deliveries and pulls of one dump, also concurrent ones."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from cdp_etl.landing import (
    DumpRefusedError,
    LandingError,
    Pull,
    PullRules,
    latest_pull,
)
from cdp_etl.landing.models import FileDifference
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, contents, manifest, pulled


def test_an_unchanged_delivery_returns_the_existing_pull(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    first = pulled(folder, archive)

    again = pulled(folder, archive)

    assert not again.is_new
    assert again.files == first.files
    assert latest_pull(archive, ENTITY, DAY) == again


def test_a_changed_delivery_is_a_new_pull_that_links_unchanged_files(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"same")
    folder.put(f"{FOLDER}/b.csv", b"before")
    first = pulled(folder, archive)
    folder.put(f"{FOLDER}/b.csv", b"afterwards")
    folder.put(f"{FOLDER}/c.csv", b"new")

    second = pulled(folder, archive)

    assert second.is_new
    assert second.difference == FileDifference(added=("c.csv",), changed=("b.csv",))
    assert contents(first) == {"a.csv": b"same", "b.csv": b"before"}
    assert contents(second) == {"a.csv": b"same", "b.csv": b"afterwards", "c.csv": b"new"}
    assert (first.directory / "a.csv").samefile(second.directory / "a.csv")


def test_content_a_then_b_then_a_again_is_three_new_pulls(folder: FolderPartner, archive: Path) -> None:
    pulls = []
    for content in (b"content a", b"content b, longer", b"content a"):
        folder.put(f"{FOLDER}/a.csv", content)
        pulls.append(pulled(folder, archive))

    assert [pull.is_new for pull in pulls] == [True, True, True]
    assert pulls[0].fingerprint == pulls[2].fingerprint != pulls[1].fingerprint
    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert contents(latest) == {"a.csv": b"content a"}


def test_the_same_bytes_written_again_are_no_new_content(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv", b"x")

    again = pulled(folder, archive)

    assert not again.is_new
    assert again.difference == FileDifference()


def test_a_full_rescan_finds_a_change_that_the_listing_does_not_show(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"before")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/a.csv")
    folder.put(f"{FOLDER}/a.csv", b"after!")  # same size and time

    assert not pulled(folder, archive).is_new
    assert pulled(folder, archive, PullRules(full_rescan=True)).is_new


def test_fewer_files_than_before_are_refused_until_accepted(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"a")
    folder.put(f"{FOLDER}/b.csv", b"b")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/b.csv")

    with pytest.raises(DumpRefusedError, match=r"1 files are offered, but 2 were pulled.*missing: b\.csv"):
        pulled(folder, archive)

    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert list(contents(latest)) == ["a.csv", "b.csv"]
    accepted = pulled(folder, archive, PullRules(accept_removal=True))
    assert accepted.difference == FileDifference(removed=("b.csv",))


def test_fewer_files_are_accepted_if_a_manifest_confirms_them(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"a")
    folder.put(f"{FOLDER}/b.csv", b"b")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/b.csv")
    folder.put(f"{FOLDER}/_manifest.json", manifest(a=b"a"))

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


def test_concurrent_pulls_of_one_dump_return_the_same_content(folder: FolderPartner, archive: Path) -> None:
    for number in range(20):
        folder.put(f"{FOLDER}/part-{number}.csv", b"x" * 100_000 + str(number).encode())
    together = threading.Barrier(4)

    def pull() -> Pull:
        together.wait()
        return pulled(folder, archive)

    with ThreadPoolExecutor(4) as threads:
        pulls = [future.result() for future in [threads.submit(pull) for _ in range(4)]]

    assert len({one.fingerprint for one in pulls}) == 1
    assert [one.is_new for one in pulls].count(True) == 1
    assert len(contents(pulls[0])) == 20


def test_a_pull_that_waits_too_long_for_the_lock_is_an_error(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/_manifest.json", b"{")
    (archive / FOLDER).mkdir(parents=True)
    with (
        FileLock(archive / FOLDER / "pull.lock"),
        pytest.raises(LandingError, match="another pull of this dump has been running for 0 s"),
    ):
        pulled(folder, archive, PullRules(lock_wait_seconds=0.1))


def test_a_failed_pull_keeps_the_previous_one(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"good")
    pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv", b"changed")
    folder.put(f"{FOLDER}/_manifest.json", manifest(a=b"good"))

    with pytest.raises(DumpRefusedError, match=r"a\.csv has 7 bytes, the manifest declares 4"):
        pulled(folder, archive)

    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert contents(latest) == {"a.csv": b"good"}


def test_a_dump_whose_archived_files_were_deleted_is_pulled_again(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    shutil.rmtree(pulled(folder, archive).directory)

    assert latest_pull(archive, ENTITY, DAY) is None
    assert contents(pulled(folder, archive)) == {"a.csv": b"x"}


def test_an_invalid_record_is_an_error_with_its_path(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    pulled(folder, archive)
    (archive / FOLDER / "latest.json").write_bytes(b"{")

    with pytest.raises(LandingError, match=r"latest\.json: not a record of a pull"):
        latest_pull(archive, ENTITY, DAY)

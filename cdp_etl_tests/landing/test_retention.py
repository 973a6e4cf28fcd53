"""Retention of the raw archive: which pulls are deleted and which are kept."""

import os
import time
from datetime import date, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from cdp_etl.landing import LandingError, Pull, Retention, latest_pull, prune, pull_dump, retention
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner

TODAY = date(2026, 3, 31)


@pytest.fixture
def pulls(folder: FolderPartner, archive: Path) -> list[Pull]:
    """Pull two deliveries of one dump that share a file; the first pull is dated 2 March."""
    folder.put(f"{FOLDER}/same.csv", b"x" * 100)
    found = []
    for content in (b"first", b"second"):
        folder.put(f"{FOLDER}/a.csv", content)
        pull = pull_dump(folder.zone(), ENTITY, DAY, archive)
        assert pull is not None
        found.append(pull)
    pulled_on = datetime(2026, 3, 2, 12).timestamp()  # noqa: DTZ001 - noon is on the same day in the time zones of the test machines
    os.utime(found[0].directory, (pulled_on, pulled_on))
    return found


def test_a_superseded_pull_is_deleted_and_the_newest_is_kept(archive: Path, pulls: list[Pull]) -> None:
    pruned = prune(archive, Retention(keep_superseded_days=7), TODAY, dry_run=False)

    assert [(one.fingerprint, one.reason, one.bytes) for one in pruned] == [
        (pulls[0].fingerprint, "superseded", len(b"first"))  # the newest pull still has the unchanged file
    ]
    assert not pulls[0].directory.exists()
    assert (pulls[1].directory / "same.csv").read_bytes() == b"x" * 100


def test_an_old_dump_is_deleted_and_can_be_pulled_again(
    folder: FolderPartner, archive: Path, pulls: list[Pull]
) -> None:
    pruned = prune(archive, Retention(keep_days=29), TODAY, dry_run=False)

    assert {one.fingerprint for one in pruned} == {pull.fingerprint for pull in pulls}
    assert latest_pull(archive, ENTITY, DAY) is None
    assert pull_dump(folder.zone(), ENTITY, DAY, archive) is not None


@pytest.mark.parametrize(
    "retention",
    [Retention(), Retention(keep_days=30), Retention(keep_superseded_days=29)],
    ids=["for-ever", "young-dump", "young-delivery"],
)
def test_a_pull_that_is_not_old_enough_is_kept(archive: Path, pulls: list[Pull], retention: Retention) -> None:
    assert prune(archive, retention, TODAY, dry_run=False) == []
    assert all(pull.directory.is_dir() for pull in pulls)


def test_a_dry_run_returns_the_expired_pulls_and_deletes_nothing(archive: Path, pulls: list[Pull]) -> None:
    planned = prune(archive, Retention(keep_days=7), TODAY, dry_run=True)

    assert all(pull.directory.is_dir() for pull in pulls)
    assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == planned


def test_a_dump_that_is_being_pulled_is_skipped(archive: Path, pulls: list[Pull]) -> None:
    with FileLock(archive / FOLDER / "pull.lock"):
        assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == []

    assert all(pull.directory.is_dir() for pull in pulls)


def test_a_missing_archive_has_nothing_to_prune(archive: Path) -> None:
    assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == []


def test_an_unknown_folder_in_the_archive_is_an_error_with_its_path(archive: Path) -> None:
    (archive / ENTITY / "my notes").mkdir(parents=True)

    with pytest.raises(LandingError, match="my notes: expected a folder named by a dump date"):
        prune(archive, Retention(keep_days=7), TODAY, dry_run=False)


def test_a_pull_that_became_the_newest_while_prune_waited_for_the_lock_is_kept(
    folder: FolderPartner, archive: Path, pulls: list[Pull], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partner delivers the first content again, just before the lock is acquired."""

    def deliver_first(path: Path, timeout: float) -> FileLock:
        folder.put(f"{FOLDER}/a.csv", b"first")
        assert pull_dump(folder.zone(), ENTITY, DAY, archive) is not None
        return FileLock(path, timeout=timeout)

    monkeypatch.setattr(retention, "FileLock", deliver_first)
    prune(archive, Retention(keep_superseded_days=7), TODAY, dry_run=False)

    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert latest.fingerprint == pulls[0].fingerprint
    assert (latest.directory / "a.csv").read_bytes() == b"first"


def test_what_a_killed_prune_left_is_deleted(archive: Path, pulls: list[Pull]) -> None:
    half = archive / FOLDER / f".{pulls[0].fingerprint}.pruned"
    pulls[0].directory.rename(half)

    assert prune(archive, Retention(), TODAY, dry_run=True) == []
    assert half.exists()
    prune(archive, Retention(), TODAY, dry_run=False)

    assert not half.exists()
    assert pulls[1].directory.is_dir()


def test_downloads_of_an_unfinished_pull_are_kept_for_a_day_but_never_decrypted(
    archive: Path, pulls: list[Pull]
) -> None:
    incoming = archive / FOLDER / ".incoming"
    incoming.mkdir()
    (incoming / "half").write_bytes(b"resumed by the next attempt")
    (incoming / "secret.clear").write_bytes(b"plain text")

    prune(archive, Retention(), TODAY, dry_run=False)
    assert [path.name for path in incoming.iterdir()] == ["half"]

    two_days_ago = time.time() - 48 * 3600
    os.utime(incoming, (two_days_ago, two_days_ago))
    prune(archive, Retention(), TODAY, dry_run=False)
    assert not incoming.exists()
    assert all(pull.directory.is_dir() for pull in pulls)


def test_a_damaged_record_of_one_dump_does_not_stop_the_prune_of_others(
    archive: Path, pulls: list[Pull], folder: FolderPartner
) -> None:
    folder.put(f"{ENTITY}/2026-03-02/a.csv", b"another day")
    other = pull_dump(folder.zone(), ENTITY, date(2026, 3, 2), archive)
    assert other is not None
    (archive / FOLDER / "latest.json").write_bytes(b"{")

    pruned = prune(archive, Retention(keep_days=7, keep_superseded_days=7), TODAY, dry_run=False)

    assert {one.fingerprint for one in pruned} == {other.fingerprint, *(pull.fingerprint for pull in pulls)}

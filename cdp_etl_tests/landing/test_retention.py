"""What the raw archive lets go of, and what it never does."""

import os
from datetime import date, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from cdp_etl.landing import LandingError, Pull, Retention, latest_pull, prune, pull_dump
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner

TODAY = date(2026, 3, 31)


@pytest.fixture
def pulls(folder: FolderPartner, archive: Path) -> list[Pull]:
    """Two deliveries of one dump, the first pulled on 2 March; they share an unchanged file."""
    folder.put(f"{FOLDER}/same.csv", b"x" * 100)
    found = []
    for content in (b"first", b"second"):
        folder.put(f"{FOLDER}/a.csv", content)
        pull = pull_dump(folder.zone(), ENTITY, DAY, archive)
        assert pull is not None
        found.append(pull)
    pulled_on = datetime(2026, 3, 2, 12).timestamp()  # noqa: DTZ001 - noon is the same day everywhere near
    os.utime(found[0].directory, (pulled_on, pulled_on))
    return found


def test_a_superseded_delivery_goes_and_the_newest_stays(archive: Path, pulls: list[Pull]) -> None:
    pruned = prune(archive, Retention(keep_superseded_days=7), TODAY, dry_run=False)

    assert [(one.fingerprint, one.reason, one.bytes) for one in pruned] == [
        (pulls[0].fingerprint, "superseded", len(b"first"))  # the unchanged file stays with the other
    ]
    assert not pulls[0].directory.exists()
    assert (pulls[1].directory / "same.csv").read_bytes() == b"x" * 100


def test_an_old_dump_goes_whole_and_can_be_pulled_again(
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
def test_what_is_not_old_enough_stays(archive: Path, pulls: list[Pull], retention: Retention) -> None:
    assert prune(archive, retention, TODAY, dry_run=False) == []
    assert all(pull.directory.is_dir() for pull in pulls)


def test_a_dry_run_says_what_would_go_and_removes_nothing(archive: Path, pulls: list[Pull]) -> None:
    planned = prune(archive, Retention(keep_days=7), TODAY, dry_run=True)

    assert all(pull.directory.is_dir() for pull in pulls)
    assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == planned


def test_a_dump_that_is_being_pulled_is_passed_over(archive: Path, pulls: list[Pull]) -> None:
    with FileLock(archive / FOLDER / "pull.lock"):
        assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == []

    assert all(pull.directory.is_dir() for pull in pulls)


def test_an_archive_that_is_not_there_has_nothing_to_prune(archive: Path) -> None:
    assert prune(archive, Retention(keep_days=7), TODAY, dry_run=False) == []


def test_a_stranger_in_the_archive_is_an_error_that_names_it(archive: Path) -> None:
    (archive / ENTITY / "my notes").mkdir(parents=True)

    with pytest.raises(LandingError, match="my notes: expected a folder named by a dump date"):
        prune(archive, Retention(keep_days=7), TODAY, dry_run=False)

"""Damage in the archive is repaired from the zone, as long as the zone has the file."""

from pathlib import Path

import pytest

from cdp_etl.landing import Pull, PullRules, damaged_files
from cdp_etl_tests.landing.partners import FOLDER, FolderPartner, contents, pulled

DELIVERED = {"a.csv": b"first content", "more/b.csv": b"second content"}


@pytest.fixture
def pull(folder: FolderPartner, archive: Path) -> Pull:
    for path, content in DELIVERED.items():
        folder.put(f"{FOLDER}/{path}", content)
    return pulled(folder, archive)


def test_a_full_rescan_replaces_a_damaged_file_and_nothing_else(
    folder: FolderPartner, archive: Path, pull: Pull
) -> None:
    (pull.directory / "a.csv").write_bytes(b"first c0ntent")
    untouched = (pull.directory / "more/b.csv").stat().st_ino
    assert damaged_files(pull) == ["a.csv"]

    again = pulled(folder, archive, PullRules(full_rescan=True))

    assert (again.fingerprint, again.is_new) == (pull.fingerprint, False)
    assert contents(again) == DELIVERED
    assert (pull.directory / "more/b.csv").stat().st_ino == untouched
    assert damaged_files(again) == []


@pytest.mark.parametrize("lost", ["a.csv", "more/b.csv"])
def test_a_missing_file_is_pulled_again_although_the_listing_is_unchanged(
    folder: FolderPartner, archive: Path, pull: Pull, lost: str
) -> None:
    (pull.directory / lost).unlink()

    again = pulled(folder, archive)

    assert (again.fingerprint, again.is_new) == (pull.fingerprint, False)
    assert contents(again) == DELIVERED


def test_a_truncated_file_is_pulled_again_although_the_listing_is_unchanged(
    folder: FolderPartner, archive: Path, pull: Pull
) -> None:
    (pull.directory / "a.csv").write_bytes(b"")

    assert contents(pulled(folder, archive)) == DELIVERED


@pytest.mark.parametrize("content", [b"first c0ntent", None], ids=["damaged", "missing"])
def test_a_damaged_file_is_not_carried_over_into_a_new_pull(
    folder: FolderPartner, archive: Path, pull: Pull, content: bytes | None
) -> None:
    (pull.directory / "a.csv").unlink()
    if content is not None:
        (pull.directory / "a.csv").write_bytes(content)
    folder.put(f"{FOLDER}/c.csv", b"new")

    assert contents(pulled(folder, archive)) == {**DELIVERED, "c.csv": b"new"}

"""Pull of a dump into the raw archive: contents, findings, refusals."""

import gzip
import hashlib
import shutil
import sys
from pathlib import Path

import pytest

from cdp_etl.landing import (
    DumpNotCompleteError,
    DumpRefusedError,
    LandingError,
    ZoneUnreachableError,
    latest_pull,
    open_zone,
    pull_dump,
)
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, contents, manifest, pulled

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def test_a_dump_is_pulled_in_delivery_order_with_its_hashes(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/part-10.csv", b"ten")
    folder.put(f"{FOLDER}/part-2.csv", b"two")
    folder.put(f"{FOLDER}/more/part-1.csv", b"one")

    pull = pulled(folder, archive)

    assert [file.path for file in pull.files] == ["more/part-1.csv", "part-2.csv", "part-10.csv"]
    assert contents(pull) == {"more/part-1.csv": b"one", "part-2.csv": b"two", "part-10.csv": b"ten"}
    assert [file.sha256 for file in pull.files] == [
        hashlib.sha256(content).hexdigest() for content in (b"one", b"two", b"ten")
    ]
    assert pull.ready_by == "settled"
    assert pull.is_new
    assert pull.difference is None


def test_nothing_delivered_is_no_pull(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{ENTITY}/2026-03-02/a.csv", b"another day")

    assert pull_dump(folder.zone(), ENTITY, DAY, archive) is None
    assert latest_pull(archive, ENTITY, DAY) is None


def test_an_empty_file_is_a_dump_of_nothing(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"")

    pull = pulled(folder, archive)

    assert contents(pull) == {"a.csv": b""}


def test_a_manifest_of_no_files_is_a_dump_of_nothing(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/_manifest.json", b'{"files": []}')

    pull = pulled(folder, archive)

    assert pull.files == ()
    assert pull.ready_by == "manifest"


def test_an_unreachable_zone_is_an_error_not_an_empty_dump(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(ZoneUnreachableError, match="the folder does not exist"):
        pull_dump(open_zone(tmp_path / "not mounted"), ENTITY, DAY, archive)


def test_an_unknown_extension_is_refused_by_name(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/notes.docx", b"x")

    with pytest.raises(DumpRefusedError, match=r"notes\.docx"):
        pull_dump(folder.zone(), ENTITY, DAY, archive)


def test_hidden_and_unfinished_files_are_not_pulled(folder: FolderPartner, archive: Path) -> None:
    for name in ("a.csv", "b.csv.part", "_notes.txt", ".hidden", "_temporary/c.csv"):
        folder.put(f"{FOLDER}/{name}", b"x")

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


def test_files_with_the_same_content_are_a_finding(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x" * 1000)
    folder.put(f"{FOLDER}/b.csv", b"x" * 1000)
    folder.put(f"{FOLDER}/c.csv", b"y" * 1000)
    folder.put(f"{FOLDER}/c.csv.gz", gzip.compress(b"y" * 1000))
    folder.put(f"{FOLDER}/d.csv", b"z")
    folder.put(f"{FOLDER}/d.csv.gz", gzip.compress(b"z and more"))
    folder.put(f"{FOLDER}/e.csv", b"z")
    folder.put(f"{FOLDER}/e.csv.gz", gzip.compress(b"cut short")[:-6])

    assert pulled(folder, archive).findings == (
        "a.csv and b.csv have the same content",
        "d.csv and e.csv have the same content",
        "c.csv and c.csv.gz have the same content after decompression",
    )


def test_decompression_bombs_are_not_compared(folder: FolderPartner, archive: Path) -> None:
    bomb = b"\0" * 50_000_000
    folder.put(f"{FOLDER}/a.csv.gz", gzip.compress(bomb, mtime=0))
    folder.put(f"{FOLDER}/a.csv.zst", zstd.compress(bomb))

    assert pulled(folder, archive).findings == ()


def test_a_manifest_is_verified_and_its_record_counts_are_stored(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"h\n1\n")
    folder.put(f"{FOLDER}/_manifest.json", manifest(a=b"h\n1\n"))
    folder.put(f"{FOLDER}/_SUCCESS", b"")

    pull = pulled(folder, archive)

    assert pull.ready_by == "manifest"
    assert [file.expected_records for file in pull.files] == [2]


def test_a_marker_makes_a_dump_ready(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/_SUCCESS", b"")

    assert pulled(folder, archive).ready_by == "marker"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{hash}", id="bare"),
        pytest.param("{hash}  /home/sender/a.csv\n", id="sha256sum"),
        pytest.param("SHA256 (a.csv) = {hash}\n", id="bsd"),
    ],
)
def test_a_checksum_file_that_matches_is_accepted(folder: FolderPartner, archive: Path, text: str) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", text.format(hash=hashlib.sha256(b"x").hexdigest().upper()).encode())

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(hashlib.sha256(b"y").hexdigest(), r"a\.csv: its sha256 is 2d711", id="differs"),
        pytest.param("no hash at all", r"a\.csv\.sha256: expected one sha256, found 0", id="no-hash"),
        pytest.param("x" * 100_000, r"a\.csv\.sha256: 100000 bytes, expected at most", id="too-large"),
    ],
)
def test_a_checksum_file_that_does_not_match_refuses_the_dump(
    folder: FolderPartner, archive: Path, text: str, fault: str
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", text.encode())

    with pytest.raises(DumpRefusedError, match=fault):
        pulled(folder, archive)

    assert latest_pull(archive, ENTITY, DAY) is None


def test_a_file_refused_by_its_checksum_is_downloaded_again_once_the_checksum_is_fixed(
    folder: FolderPartner, archive: Path
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", hashlib.sha256(b"y").hexdigest().encode())
    with pytest.raises(DumpRefusedError):
        pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv.sha256", hashlib.sha256(b"x").hexdigest().encode())

    assert contents(pulled(folder, archive)) == {"a.csv": b"x"}


def test_a_checksum_without_its_file_means_not_complete_yet(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/b.csv.sha256", b"x")

    with pytest.raises(
        DumpNotCompleteError, match=r"not complete yet: b\.csv\.sha256 is present and b\.csv is missing"
    ):
        pulled(folder, archive)


def test_a_dump_larger_than_the_free_disk_is_not_pulled_and_is_no_fault_of_the_partner(
    folder: FolderPartner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x" * 10)
    folder.put(f"{FOLDER}/b.csv", b"x" * 20)
    usage = shutil.disk_usage(archive.parent)._replace(free=29)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    with pytest.raises(
        LandingError, match=r"has 29 bytes free, but the dump needs 30; the largest file, b\.csv, has 20"
    ) as raised:
        pulled(folder, archive)

    assert not isinstance(raised.value, DumpRefusedError)


def test_equal_files_in_folders_of_other_values_are_no_duplicates(folder: FolderPartner, archive: Path) -> None:
    for path in ("company=A/a.csv", "company=B/a.csv"):
        folder.put(f"{FOLDER}/{path}", b"x")

    assert pulled(folder, archive).findings == ()

"""Pulling a dump into the raw archive: what is taken, what is kept, what is refused."""

import gzip
import hashlib
import json
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from cdp_etl.landing import (
    DumpNotCompleteError,
    DumpRefusedError,
    LandingError,
    Pull,
    PullRules,
    ZoneUnreachableError,
    latest_pull,
    open_zone,
    pull_dump,
)
from cdp_etl.landing.pulls import FileDifference
from cdp_etl_tests.landing.delivering import DAY, ENTITY, FOLDER, FolderPartner

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def pulled(folder: FolderPartner, archive: Path, rules: PullRules | None = None) -> Pull:
    pull = pull_dump(folder.zone(), ENTITY, DAY, archive, rules)
    assert pull is not None
    return pull


def contents(pull: Pull) -> dict[str, bytes]:
    return {file.path: (pull.directory / file.path).read_bytes() for file in pull.files}


def manifest(**files: bytes) -> bytes:
    return json.dumps(
        {
            "files": [
                {
                    "path": f"{name}.csv",
                    "bytes": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "records": content.count(b"\n"),
                }
                for name, content in files.items()
            ]
        }
    ).encode()


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
    with pytest.raises(ZoneUnreachableError, match="no such folder"):
        pull_dump(open_zone(tmp_path / "not mounted"), ENTITY, DAY, archive)


def test_an_unknown_extension_is_refused_by_name(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/notes.docx", b"x")

    with pytest.raises(DumpRefusedError, match=r"notes\.docx"):
        pull_dump(folder.zone(), ENTITY, DAY, archive)


def test_what_is_hidden_or_unfinished_is_not_pulled(folder: FolderPartner, archive: Path) -> None:
    for name in ("a.csv", "b.csv.part", "_notes.txt", ".hidden", "_temporary/c.csv"):
        folder.put(f"{FOLDER}/{name}", b"x")

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


def test_the_same_delivery_again_is_given_back_as_it_is(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    first = pulled(folder, archive)

    again = pulled(folder, archive)

    assert not again.is_new
    assert again.files == first.files
    assert latest_pull(archive, ENTITY, DAY) == again


def test_a_changed_delivery_is_a_new_pull_that_links_what_is_unchanged(
    folder: FolderPartner, archive: Path
) -> None:
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


def test_a_deep_pull_finds_what_the_listing_hides(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"before")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/a.csv")
    folder.put(f"{FOLDER}/a.csv", b"after!")  # of the same size, and put back to the same time

    assert not pulled(folder, archive).is_new
    assert pulled(folder, archive, PullRules(deep=True)).is_new


def test_fewer_files_than_before_are_refused_until_accepted(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"a")
    folder.put(f"{FOLDER}/b.csv", b"b")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/b.csv")

    with pytest.raises(DumpRefusedError, match=r"1 files are offered where 2 were pulled.*gone: b\.csv"):
        pulled(folder, archive)

    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert list(contents(latest)) == ["a.csv", "b.csv"]
    accepted = pulled(folder, archive, PullRules(accept_removal=True))
    assert accepted.difference == FileDifference(removed=("b.csv",))


def test_fewer_files_are_taken_where_a_manifest_says_so(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"a")
    folder.put(f"{FOLDER}/b.csv", b"b")
    pulled(folder, archive)
    folder.remove(f"{FOLDER}/b.csv")
    folder.put(f"{FOLDER}/_manifest.json", manifest(a=b"a"))

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


def test_two_files_of_the_same_bytes_are_a_finding(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x" * 1000)
    folder.put(f"{FOLDER}/b.csv", b"x" * 1000)
    folder.put(f"{FOLDER}/c.csv", b"y" * 1000)
    folder.put(f"{FOLDER}/c.csv.gz", gzip.compress(b"y" * 1000))
    folder.put(f"{FOLDER}/d.csv", b"z")
    folder.put(f"{FOLDER}/d.csv.gz", gzip.compress(b"z and more"))
    folder.put(f"{FOLDER}/e.csv", b"z")
    folder.put(f"{FOLDER}/e.csv.gz", gzip.compress(b"cut short")[:-6])

    assert pulled(folder, archive).findings == (
        "a.csv and b.csv hold the same bytes",
        "d.csv and e.csv hold the same bytes",
        "c.csv and c.csv.gz hold the same bytes once unpacked",
    )


def test_bombs_are_not_unpacked_to_compare_them(folder: FolderPartner, archive: Path) -> None:
    bomb = b"\0" * 50_000_000
    folder.put(f"{FOLDER}/a.csv.gz", gzip.compress(bomb, mtime=0))
    folder.put(f"{FOLDER}/a.csv.zst", zstd.compress(bomb))

    assert pulled(folder, archive).findings == ()


def test_a_manifest_is_verified_and_hands_its_record_counts_on(folder: FolderPartner, archive: Path) -> None:
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
def test_a_checksum_file_that_agrees_is_accepted(folder: FolderPartner, archive: Path, text: str) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", text.format(hash=hashlib.sha256(b"x").hexdigest().upper()).encode())

    assert list(contents(pulled(folder, archive))) == ["a.csv"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(hashlib.sha256(b"y").hexdigest(), r"a\.csv: its sha256 is 2d711", id="differs"),
        pytest.param("no hash at all", r"a\.csv\.sha256: expected one sha256 in it, found 0", id="no-hash"),
        pytest.param("x" * 100_000, r"a\.csv\.sha256: 100000 bytes, expected at most", id="too-large"),
    ],
)
def test_a_checksum_file_that_does_not_agree_is_a_refusal(
    folder: FolderPartner, archive: Path, text: str, fault: str
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", text.encode())

    with pytest.raises(DumpRefusedError, match=fault):
        pulled(folder, archive)

    assert latest_pull(archive, ENTITY, DAY) is None


def test_a_file_refused_by_its_checksum_is_received_anew_when_that_is_mended(
    folder: FolderPartner, archive: Path
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.sha256", hashlib.sha256(b"y").hexdigest().encode())
    with pytest.raises(DumpRefusedError):
        pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv.sha256", hashlib.sha256(b"x").hexdigest().encode())

    assert contents(pulled(folder, archive)) == {"a.csv": b"x"}


def test_a_checksum_that_came_before_its_file_means_not_complete_yet(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/b.csv.sha256", b"x")

    with pytest.raises(DumpNotCompleteError, match=r"not complete yet: b\.csv\.sha256 is there and b\.csv is not"):
        pulled(folder, archive)


def test_a_dump_larger_than_the_free_disk_is_refused_before_it_is_pulled(
    folder: FolderPartner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x" * 10)
    folder.put(f"{FOLDER}/b.csv", b"x" * 20)
    usage = shutil.disk_usage(archive.parent)._replace(free=29)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    with pytest.raises(DumpRefusedError, match=r"b\.csv has 20 bytes and the dump 30 .* has 29 free"):
        pulled(folder, archive)


def test_overlapping_pulls_of_one_dump_agree(folder: FolderPartner, archive: Path) -> None:
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


def test_a_pull_that_is_held_off_for_too_long_says_so(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/_manifest.json", b"{")
    (archive / FOLDER).mkdir(parents=True)
    with (
        FileLock(archive / FOLDER / "pull.lock"),
        pytest.raises(LandingError, match="another pull of this dump has been at work for 0 s"),
    ):
        pulled(folder, archive, PullRules(lock_wait_seconds=0.1))


def test_a_pull_that_failed_leaves_the_one_before_it(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"good")
    pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv", b"changed")
    folder.put(f"{FOLDER}/_manifest.json", manifest(a=b"good"))

    with pytest.raises(DumpRefusedError, match=r"a\.csv has 7 bytes, the manifest says 4"):
        pulled(folder, archive)

    latest = latest_pull(archive, ENTITY, DAY)
    assert latest is not None
    assert contents(latest) == {"a.csv": b"good"}


def test_a_dump_whose_pulled_files_are_gone_is_pulled_anew(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    shutil.rmtree(pulled(folder, archive).directory)

    assert latest_pull(archive, ENTITY, DAY) is None
    assert contents(pulled(folder, archive)) == {"a.csv": b"x"}


def test_a_record_that_cannot_be_read_is_an_error_that_names_it(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    pulled(folder, archive)
    (archive / FOLDER / "latest.json").write_bytes(b"{")

    with pytest.raises(LandingError, match=r"latest\.json: not a record of a pull"):
        latest_pull(archive, ENTITY, DAY)

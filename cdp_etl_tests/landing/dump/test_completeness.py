"""Complete or not yet: manifest, marker, or nothing that moves."""

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.landing import (
    DumpNotCompleteError,
    DumpRefusedError,
    FoundDump,
    PullRules,
    has_stood_still,
    require_record_counts,
)
from cdp_etl.landing.dump.manifest import parse_manifest
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, pulled

SETTLE = PullRules(stability_seconds=0.4)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def freshly(folder: FolderPartner, name: str, content: bytes) -> None:
    """Deliver a file just now, as a client that keeps no old time would."""
    folder.put(f"{FOLDER}/{name}", content)
    os.utime(folder.root / FOLDER / name)


def test_sizes_that_stand_still_make_a_fresh_dump_ready(folder: FolderPartner, archive: Path) -> None:
    freshly(folder, "a.csv", b"x")

    assert pulled(folder, archive, SETTLE).ready_by == "settled"


@pytest.mark.parametrize("growing", ["a.csv", "b.csv", "b.csv.part"])
def test_a_dump_in_which_something_moves_is_not_complete(
    folder: FolderPartner, archive: Path, growing: str
) -> None:
    """A file that is still uploaded under a name for unfinished files counts, though it is no data."""
    freshly(folder, "a.csv", b"x")

    def upload() -> None:
        time.sleep(0.2)
        freshly(folder, growing, b"more and more")

    uploading = threading.Thread(target=upload)
    uploading.start()
    with pytest.raises(DumpNotCompleteError, match=rf"not complete yet: {growing} changed within 0\.4 s"):
        pulled(folder, archive, SETTLE)
    uploading.join()

    assert not (archive / FOLDER / "latest.json").exists()


def test_a_dump_that_was_delivered_long_ago_is_not_waited_for(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")

    assert pulled(folder, archive, PullRules(stability_seconds=10**6)).ready_by == "settled"


@pytest.mark.parametrize("sign", ["manifest", "marker"])
def test_a_dump_with_a_sign_of_completeness_is_not_waited_for(
    folder: FolderPartner, archive: Path, sign: str
) -> None:
    freshly(folder, "a.csv", b"x")
    if sign == "manifest":
        freshly(folder, "_manifest.json", b'{"files": [{"path": "a.csv"}]}')
    else:
        freshly(folder, "_SUCCESS", b"")

    assert pulled(folder, archive, PullRules(stability_seconds=10**6)).ready_by == sign


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        pytest.param({"path": "b.csv"}, r"b\.csv is in the manifest and not there", id="missing-file"),
        pytest.param(None, r"a\.csv is there and not in the manifest", id="file-not-named"),
        pytest.param({"path": "a.csv", "bytes": 7}, r"a\.csv has 1 bytes, the manifest says 7", id="size"),
        pytest.param(
            {"path": "a.csv", "sha256": "0" * 64}, r"a\.csv: its sha256 is 2d711642.*says 0000", id="hash"
        ),
        pytest.param({"path": "../a.csv"}, r"\.\./a\.csv: a path with an empty part", id="path-that-leaves"),
        pytest.param({"bytes": 1}, r"_manifest\.json: files\.0\.path: Field required", id="no-path"),
        pytest.param(
            {"path": "a.csv", "bytes": "1"}, r"files\.0\.bytes: Input should be a valid integer", id="text"
        ),
        pytest.param({"path": "a.csv", "sha256": "beef"}, r"files\.0\.sha256: String should match", id="no-hash"),
        pytest.param(
            {"path": "a.csv", "records": -1}, r"files\.0\.records: Input should be greater", id="negative"
        ),
    ],
)
def test_a_manifest_that_lies_is_refused_and_says_which(
    folder: FolderPartner, archive: Path, lie: dict[str, Any] | None, said: str
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": [lie] if lie else []}).encode())

    with pytest.raises(DumpRefusedError, match=said):
        pulled(folder, archive)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", r"_manifest\.json: the whole: Invalid JSON"),
        (b"[]", r"_manifest\.json: the whole: "),
        (b"{}", r"_manifest\.json: files: Field required"),
        (b'{"files": [{"path": "a.csv"}, {"path": "a.csv"}]}', "a path is named twice"),
    ],
)
def test_a_manifest_that_is_none_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(DumpRefusedError, match=said):
        parse_manifest(text)


def test_what_a_manifest_says_beyond_the_files_is_passed_over() -> None:
    manifest = parse_manifest(b'{"producer": "shop", "files": [{"path": "a.csv", "md5": "x", "records": 3}]}')

    assert manifest.files[0].records == 3


def test_record_counts_that_differ_are_refused_by_file() -> None:
    said = {"a.csv": 3, "b.csv": 5, "c.csv": None, "d.csv": 0}

    require_record_counts(said, {"a.csv": 3, "b.csv": 5, "c.csv": 9})
    with pytest.raises(DumpRefusedError, match=r"b\.csv holds 4 records, the manifest says 5$"):
        require_record_counts(said, {"a.csv": 3, "b.csv": 4, "c.csv": 9})


def test_many_differences_are_said_in_short() -> None:
    with pytest.raises(DumpRefusedError, match=r"and 5 more$"):
        require_record_counts({f"part-{number}.csv": 1 for number in range(10)}, {})


def found(fingerprint: str = "one", **facts: Any) -> FoundDump:
    return FoundDump(ENTITY, DAY, fingerprint, 1, 1, NOW, facts.pop("ready_by", None), **facts)


def test_a_sensor_asks_for_a_dump_once_it_has_stood_still() -> None:
    early, sighting = has_stood_still(found(), None, 60, NOW)
    still, kept = has_stood_still(found(), sighting, 60, NOW + timedelta(seconds=60))
    moved, anew = has_stood_still(found("two"), kept, 60, NOW + timedelta(seconds=61))

    assert (early, still, moved) == (False, True, False)
    assert kept == sighting
    assert anew.first_seen_at == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("dump", "asked"),
    [
        pytest.param(found(ready_by="manifest"), True, id="manifest"),
        pytest.param(found(ready_by="marker", awaited="b.csv has not come"), False, id="awaits-a-file"),
        pytest.param(found(refused="no"), False, id="refused-but-may-still-be-mended"),
    ],
)
def test_what_is_known_of_a_dump_bears_on_the_first_look(dump: FoundDump, *, asked: bool) -> None:
    ready, _ = has_stood_still(dump, None, 60, NOW)

    assert ready is asked

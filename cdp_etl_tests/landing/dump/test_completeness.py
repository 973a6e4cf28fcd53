"""Completeness of a dump by manifest, marker or stability."""

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.landing import (
    DiscoveredDump,
    DumpNotCompleteError,
    DumpRefusedError,
    PullRules,
    check_stability,
    require_record_counts,
)
from cdp_etl.landing.dump.manifest import parse_manifest
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, pulled

STABLE = PullRules(stability_seconds=0.4)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def deliver_now(folder: FolderPartner, name: str, content: bytes) -> None:
    """Deliver a file with the current time."""
    folder.put(f"{FOLDER}/{name}", content)
    os.utime(folder.root / FOLDER / name)


def test_stable_files_make_a_new_dump_ready(folder: FolderPartner, archive: Path) -> None:
    deliver_now(folder, "a.csv", b"x")

    assert pulled(folder, archive, STABLE).ready_by == "settled"


@pytest.mark.parametrize("growing", ["a.csv", "b.csv", "b.csv.part"])
def test_a_dump_with_a_changing_file_is_not_complete(folder: FolderPartner, archive: Path, growing: str) -> None:
    """An unfinished upload under a temporary name counts too, although it is not a data file."""
    deliver_now(folder, "a.csv", b"x")

    def upload() -> None:
        time.sleep(0.2)
        deliver_now(folder, growing, b"more and more")

    uploading = threading.Thread(target=upload)
    uploading.start()
    with pytest.raises(DumpNotCompleteError, match=rf"not complete yet: {growing} changed within 0\.4 s"):
        pulled(folder, archive, STABLE)
    uploading.join()

    assert not (archive / FOLDER / "latest.json").exists()


def test_an_old_dump_is_ready_without_a_wait(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")

    assert pulled(folder, archive, PullRules(stability_seconds=10**6)).ready_by == "settled"


@pytest.mark.parametrize("signal", ["manifest", "marker"])
def test_a_dump_with_a_signal_is_ready_without_a_wait(folder: FolderPartner, archive: Path, signal: str) -> None:
    deliver_now(folder, "a.csv", b"x")
    if signal == "manifest":
        deliver_now(folder, "_manifest.json", b'{"files": [{"path": "a.csv"}]}')
    else:
        deliver_now(folder, "_SUCCESS", b"")

    assert pulled(folder, archive, PullRules(stability_seconds=10**6)).ready_by == signal


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param({"path": "b.csv"}, r"b\.csv is in the manifest but was not delivered", id="missing-file"),
        pytest.param(None, r"a\.csv was delivered but is not in the manifest", id="file-not-named"),
        pytest.param({"path": "a.csv", "bytes": 7}, r"a\.csv has 1 bytes, the manifest declares 7", id="size"),
        pytest.param(
            {"path": "a.csv", "sha256": "0" * 64}, r"a\.csv: its sha256 is 2d711642.*declares 0000", id="hash"
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
def test_a_manifest_that_does_not_match_refuses_the_dump_with_the_reason(
    folder: FolderPartner, archive: Path, entry: dict[str, Any] | None, message: str
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": [entry] if entry else []}).encode())

    with pytest.raises(DumpRefusedError, match=message):
        pulled(folder, archive)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", r"_manifest\.json: the file: Invalid JSON"),
        (b"[]", r"_manifest\.json: the file: "),
        (b"{}", r"_manifest\.json: files: Field required"),
        (b'{"files": [{"path": "a.csv"}, {"path": "a.csv"}]}', "a path is listed twice"),
    ],
)
def test_an_invalid_manifest_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(DumpRefusedError, match=message):
        parse_manifest(text)


def test_unknown_keys_of_a_manifest_are_ignored() -> None:
    manifest = parse_manifest(b'{"producer": "shop", "files": [{"path": "a.csv", "md5": "x", "records": 3}]}')

    assert manifest.files[0].records == 3


def test_record_counts_that_differ_are_refused_by_file() -> None:
    declared = {"a.csv": 3, "b.csv": 5, "c.csv": None, "d.csv": 0}

    require_record_counts(declared, {"a.csv": 3, "b.csv": 5, "c.csv": 9})
    with pytest.raises(DumpRefusedError, match=r"b\.csv has 4 records, the manifest declares 5$"):
        require_record_counts(declared, {"a.csv": 3, "b.csv": 4, "c.csv": 9})


def test_a_long_list_of_differences_is_shortened() -> None:
    with pytest.raises(DumpRefusedError, match=r"and 5 more$"):
        require_record_counts({f"part-{number}.csv": 1 for number in range(10)}, {})


def found(fingerprint: str = "one", **facts: Any) -> DiscoveredDump:
    return DiscoveredDump(ENTITY, DAY, fingerprint, 1, 1, NOW, facts.pop("ready_by", None), **facts)


def test_a_dump_is_ready_when_it_was_unchanged_for_the_stability_period() -> None:
    early, first_seen = check_stability(found(), None, 60, NOW)
    stable, kept = check_stability(found(), first_seen, 60, NOW + timedelta(seconds=60))
    changed, restarted = check_stability(found("two"), kept, 60, NOW + timedelta(seconds=61))

    assert (early, stable, changed) == (False, True, False)
    assert kept == first_seen
    assert restarted.first_seen_at == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("dump", "expected"),
    [
        pytest.param(found(ready_by="manifest"), True, id="manifest"),
        pytest.param(found(ready_by="marker", missing="b.csv is missing"), False, id="missing-file"),
        pytest.param(found(refusal="no"), False, id="refused-but-may-still-change"),
    ],
)
def test_a_dump_is_ready_at_the_first_listing_only_with_a_signal(dump: DiscoveredDump, *, expected: bool) -> None:
    ready, _ = check_stability(dump, None, 60, NOW)

    assert ready is expected


def test_a_manifest_of_too_many_files_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(DumpRefusedError, match=r"^_manifest\.json: more than 200000 files"):
        parse_manifest(b'{"files":[' + b'{"path":"a"},' * 200_000 + b'{"path":"b"}]}')

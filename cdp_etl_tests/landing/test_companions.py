"""Files next to the data, names in other forms of Unicode, the order that a manifest declares."""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from cdp_etl.landing import DumpNotCompleteError, DumpRefusedError
from cdp_etl.landing.zones.object_store import _is_folder_marker
from cdp_etl_tests.landing.partners import FOLDER, FolderPartner, contents, pulled

MD5_OF_X, MD5_OF_Y = "9dd4e461268c8034f5c8564e155c67a6", "415290769594460e2e485922904f345d"


def test_trigger_files_are_not_data_and_are_named_in_a_finding(folder: FolderPartner, archive: Path) -> None:
    for name in ("a.csv", "a.csv.done", "all.ok", "Thumbs.db"):
        folder.put(f"{FOLDER}/{name}", name.encode())

    pull = pulled(folder, archive)

    assert [file.path for file in pull.files] == ["a.csv"]
    assert pull.findings == ("3 files next to the data were not read: Thumbs.db, a.csv.done, all.ok",)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param(MD5_OF_X, None, id="equal"),
        pytest.param(f"MD5 (a.csv) = {MD5_OF_X.upper()}", None, id="with a name"),
        pytest.param(MD5_OF_Y, r"a\.csv: its md5 is 9dd4e", id="differs"),
        pytest.param("nothing", r"a\.csv\.md5: expected one md5, found 0", id="no hash"),
    ],
)
def test_an_md5_is_verified(folder: FolderPartner, archive: Path, text: str, refusal: str | None) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/a.csv.md5", text.encode())

    if refusal is None:
        assert contents(pulled(folder, archive)) == {"a.csv": b"x"}
    else:
        with pytest.raises(DumpRefusedError, match=refusal):
            pulled(folder, archive)


def test_an_md5_that_is_added_later_is_verified_too(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    pulled(folder, archive)
    folder.put(f"{FOLDER}/a.csv.md5", MD5_OF_Y.encode())

    with pytest.raises(DumpRefusedError, match="its md5 is"):
        pulled(folder, archive)


def test_an_md5_without_its_file_is_waited_for(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/b.csv.md5", MD5_OF_Y.encode())

    with pytest.raises(DumpNotCompleteError, match=r"b\.csv is missing"):
        pulled(folder, archive)


def test_markers_of_folders_are_ignored_unless_they_have_content(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/sub/more_$folder$", b"")
    assert contents(pulled(folder, archive)) == {"a.csv": b"x"}

    folder.put(f"{FOLDER}/sub_$folder$", b"x")
    with pytest.raises(DumpRefusedError, match="a marker of a folder that has content"):
        pulled(folder, archive)


@pytest.mark.parametrize(
    ("path", "size", "is_marker"),
    [
        ("2026-03-02/processed", 0, True),
        ("2026-03-02/archive/old", 0, True),
        ("2026-03-02/processed", 1, False),
        ("2026-03-02/a.csv", 0, False),
        ("2026-03-02/_SUCCESS", 0, False),
    ],
)
def test_an_empty_object_for_a_folder_is_no_file(path: str, size: int, *, is_marker: bool) -> None:
    assert _is_folder_marker(path, size) is is_marker


@pytest.mark.parametrize(("form", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_manifest_names_files_in_any_form_of_unicode(
    folder: FolderPartner, archive: Path, form: Literal["NFC", "NFD"], other: Literal["NFC", "NFD"]
) -> None:
    """Uploads from macOS have names in NFD."""
    delivered = unicodedata.normalize(other, "đánh giá.csv")
    listed = {"path": unicodedata.normalize(form, "đánh giá.csv"), "sha256": hashlib.sha256(b"x").hexdigest()}
    folder.put(f"{FOLDER}/{delivered}", b"x")
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": [listed]}).encode())

    assert contents(pulled(folder, archive)) == {delivered: b"x"}


def test_two_names_that_are_equal_in_nfc_are_refused_and_both_named(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/{unicodedata.normalize('NFC', 'giá.csv')}", b"1")
    folder.put(f"{FOLDER}/{unicodedata.normalize('NFD', 'giá.csv')}", b"2")

    with pytest.raises(DumpRefusedError, match="in the form of Unicode"):
        pulled(folder, archive)


def test_a_manifest_may_declare_the_order_of_delivery(folder: FolderPartner, archive: Path) -> None:
    for name in ("a.csv", "b.csv"):
        folder.put(f"{FOLDER}/{name}", name.encode())
    files = [{"path": "b.csv"}, {"path": "a.csv"}]
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": files}).encode())
    assert {file.path: file.order for file in pulled(folder, archive).files} == {"a.csv": None, "b.csv": None}

    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": files, "ordered": True}).encode())

    assert {file.path: file.order for file in pulled(folder, archive).files} == {"a.csv": 2, "b.csv": 1}

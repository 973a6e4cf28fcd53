"""Classification of files by name."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.delivery_order import in_delivery_order
from cdp_etl.contract.file_names import (
    Companion,
    DataFile,
    Ignored,
    UnknownDumpFileError,
    classify,
    dump_dates,
    without_compression,
    without_encryption,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a.ndjson", DataFile("ndjson", "none"), id="ndjson"),
        pytest.param("a.jsonl.gz", DataFile("ndjson", "gz"), id="jsonl-gz"),
        pytest.param("sub/a.json.zst", DataFile("json", "zst"), id="json-zst-in-a-folder"),
        pytest.param("A.CSV.GZ", DataFile("csv", "gz"), id="upper-case"),
        pytest.param("export.2026.03.01.csv", DataFile("csv", "none"), id="dots-in-the-name"),
        pytest.param("a.parquet", DataFile("parquet", "none"), id="parquet"),
        pytest.param("a.TSV.gz", DataFile("csv", "gz"), id="tabs"),
        pytest.param("sub/a.txt.gz", DataFile(None, "gz"), id="txt"),
        pytest.param("part-00000", DataFile(None, "none"), id="no-extension"),
        pytest.param("0000_part_00.gz", DataFile(None, "gz"), id="no-extension-gz"),
        pytest.param("part-00000.pgp", DataFile(None, "none", encrypted=True), id="no-extension-encrypted"),
        pytest.param("a.csv.gz.pgp", DataFile("csv", "gz", encrypted=True), id="encrypted"),
        pytest.param("a.parquet.gpg", DataFile("parquet", "none", encrypted=True), id="encrypted-parquet"),
        pytest.param("_manifest.json", Companion("manifest"), id="manifest"),
        pytest.param("_SUCCESS", Companion("marker"), id="marker"),
        pytest.param("sub/a.csv.sha256", Companion("checksum", target="sub/a.csv"), id="checksum"),
        pytest.param("sub/a.csv.MD5", Companion("md5", target="sub/a.csv"), id="md5"),
        pytest.param("a.ndjson.done", Companion("trigger"), id="done"),
        pytest.param("all.ok", Companion("trigger"), id="ok"),
        pytest.param("sub/Thumbs.db", Companion("trigger"), id="of Windows"),
        pytest.param("a/sub_$folder$", Ignored(), id="folder of Hadoop"),
        pytest.param("_notes.csv", Ignored(), id="underscore"),
        pytest.param(".a.csv.swp", Ignored(), id="dot"),
        pytest.param("_temporary/0/a.csv", Ignored(), id="hidden-folder"),
        pytest.param("a.csv.filepart", Ignored(), id="unfinished"),
        pytest.param("a.CSV.Part", Ignored(), id="unfinished-upper-case"),
    ],
)
def test_a_file_is_classified_by_its_name(path: str, expected: DataFile | Companion | Ignored) -> None:
    assert classify(path) == expected


@pytest.mark.parametrize("path", ["a.docx", "a.v2", "a.csv.bz2", "a.xml.gz"])
def test_an_unknown_extension_is_an_error_that_names_the_file(path: str) -> None:
    with pytest.raises(UnknownDumpFileError, match="not a file that can be read") as error:
        classify(path)

    assert str(error.value).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("a.csv.zip", "an archive of files is not read; send its files"),
        ("a.tar.gz", "an archive of files is not read; send its files"),
        ("a.XLSX", "an Excel workbook is not read; save it as CSV"),
    ],
)
def test_an_archive_or_workbook_is_an_error_that_says_what_to_send(path: str, cause: str) -> None:
    with pytest.raises(UnknownDumpFileError) as error:
        classify(path)

    assert str(error.value) == f"{path}: {cause}"


def test_compressed_parquet_is_an_error() -> None:
    with pytest.raises(UnknownDumpFileError, match=r"a\.parquet\.gz: compressed Parquet is not supported"):
        classify("a.parquet.gz")


def test_files_come_in_natural_order_folder_by_folder() -> None:
    delivered = ["part-10.csv", "day-2/part-1.csv", "part-2.csv", "day-10/part-1.csv", "day-2/part-11.csv"]

    assert in_delivery_order(delivered) == [
        "day-2/part-1.csv",
        "day-2/part-11.csv",
        "day-10/part-1.csv",
        "part-2.csv",
        "part-10.csv",
    ]


@pytest.mark.parametrize(
    "ordered",
    [
        pytest.param(["reviews.ndjson", "reviews (1).ndjson", "reviews (2).ndjson"], id="of a browser"),
        pytest.param(["x.csv", "x-2.csv", "x-10.csv"], id="by a number"),
        pytest.param(["x.csv", "x copy.csv", "x copy 2.csv"], id="of macOS"),
        pytest.param(["x.csv", "x - Copy.csv", "x - Copy (2).csv"], id="of Windows"),
        pytest.param(["x.csv.gz.pgp", "x(1).csv.gz.pgp"], id="compressed and encrypted"),
        pytest.param(["part-2.csv", "part-2 (1).csv", "part-10.csv"], id="of one part"),
        pytest.param(["e.ndjson", "e_1.ndjson"], id="no copy, the stem is longer"),
        pytest.param(["day-2/x.csv", "day-2/x (1).csv", "day-10/x.csv"], id="in folders"),
    ],
)
def test_a_copy_comes_after_its_original(ordered: list[str]) -> None:
    assert in_delivery_order(reversed(ordered)) == ordered


@pytest.mark.parametrize(
    "ordered",
    [
        pytest.param(["export-2026-03-01.csv", "export-2026-03-02.csv"], id="dates"),
        pytest.param(["x.ndjson", "x (1).csv"], id="the original has another extension"),
        pytest.param(["a/x (1).csv", "b/x.csv"], id="the original is in another folder"),
        pytest.param(["part-1.csv", "part-2.csv", "part-10.csv"], id="parts"),
    ],
)
def test_without_an_original_a_suffix_is_part_of_the_stem(ordered: list[str]) -> None:
    assert in_delivery_order(reversed(ordered)) == ordered


@given(st.lists(st.text(alphabet="a01/-. ()", min_size=1), min_size=2, unique=True), st.randoms())
def test_the_order_does_not_depend_on_that_of_the_listing(paths: list[str], random: Random) -> None:
    ordered = in_delivery_order(paths)
    random.shuffle(paths)

    assert in_delivery_order(paths) == ordered
    assert sorted(ordered) == sorted(paths)


def test_suffixes_of_encryption_and_compression_are_removed() -> None:
    assert without_encryption("sub/a.csv.gz.GPG") == "sub/a.csv.gz"
    assert without_encryption("a.csv") == "a.csv"
    assert without_compression("sub/a.csv.gz") == "sub/a.csv"
    assert without_compression("a.csv") == "a.csv"


def test_names_that_are_no_date_are_no_dump() -> None:
    assert dump_dates(["2026-03-02", "lost+found", ".DS_Store", "2026-03-01"]) == [
        date(2026, 3, 1),
        date(2026, 3, 2),
    ]

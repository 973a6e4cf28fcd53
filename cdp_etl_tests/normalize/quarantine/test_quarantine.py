"""Quarantined records are read by position, by reason and with their exact bytes, and exported to a file."""

import base64
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.export_file import ExportExistsError
from cdp_etl.normalize.lake.history import dumps_between, newest_dumps
from cdp_etl.normalize.quarantine.export import ExportFormat, write_export
from cdp_etl.normalize.quarantine.read import (
    NotInQuarantineError,
    QuarantinedRecord,
    quarantined_at,
    quarantined_records,
    quarantined_with_bytes,
)
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, REVIEW, comment, ndjson, normalize

BAD = {
    "part-1.ndjson": ndjson(comment(1), comment(2, content=None)) + b'{"broken": \xff}\n',
    "part-2.ndjson": b"not JSON\n" + ndjson(comment(3, commentedAt=12, customerName=None)),
}


def position_of(record: QuarantinedRecord) -> tuple[str, int]:
    return record.file, record.position


def test_quarantined_records_are_in_the_order_of_delivery_with_all_reasons(tmp_path: Path) -> None:
    found = list(quarantined_records(normalize(tmp_path, BAD).dump))

    assert [position_of(record) for record in found] == [
        ("part-1.ndjson", 2),
        ("part-1.ndjson", 3),
        ("part-2.ndjson", 1),
        ("part-2.ndjson", 2),
    ]
    assert {(record.entity, record.dump_date) for record in found} == {(COMMENT.table, DUMP_DATE)}
    assert set(found[-1].reasons) == {"commentedAt: out of range", "customerName: required"}


@pytest.mark.parametrize(
    ("reason", "positions"),
    [
        pytest.param("content: required", [("part-1.ndjson", 2)], id="a reason"),
        pytest.param("content", [("part-1.ndjson", 2)], id="the field of a reason"),
        pytest.param("customerName", [("part-2.ndjson", 2)], id="the second reason of a record"),
        pytest.param("record", [("part-1.ndjson", 3), ("part-2.ndjson", 1)], id="records as a whole"),
        pytest.param("conten", [], id="no part of a name"),
    ],
)
def test_records_are_chosen_by_reason_or_field(
    tmp_path: Path, reason: str, positions: list[tuple[str, int]]
) -> None:
    dump = normalize(tmp_path, BAD).dump

    assert [position_of(record) for record in quarantined_records(dump, reason)] == positions
    assert [position_of(record) for record, _ in quarantined_with_bytes(dump, reason)] == positions


def test_a_record_is_returned_byte_for_byte(tmp_path: Path) -> None:
    ((record, raw),) = quarantined_at(normalize(tmp_path, BAD).dump, "part-1.ndjson", 3)

    assert (record.reasons, raw) == (("record: not UTF-8",), b'{"broken": \xff}')


@pytest.mark.parametrize(
    ("file", "position"), [("part-1.ndjson", 1), ("part-1.ndjson", 9), ("part-9.ndjson", 2)], ids=str
)
def test_a_position_without_a_quarantined_record_is_named(tmp_path: Path, file: str, position: int) -> None:
    dump = normalize(tmp_path, BAD).dump

    with pytest.raises(NotInQuarantineError, match=f"2026-03-01, {file}, position {position}: not in quarantine"):
        quarantined_at(dump, file, position)


def test_entries_of_a_payload_in_one_line_share_its_position(tmp_path: Path) -> None:
    line = ndjson({"objectType": COMMENT.name, "entries": [comment(1, content=None), comment(2), {}]})

    found = quarantined_at(normalize(tmp_path, {"part-1.ndjson": line}).dump, "part-1.ndjson", 1)

    assert [json.loads(raw).get("commentId") for _, raw in found] == ["1", None]


def test_the_latest_output_of_a_dump_is_read(tmp_path: Path) -> None:
    normalize(tmp_path, BAD)
    normalize(tmp_path, {"part-1.ndjson": ndjson(comment(1), comment(2, content=None))})

    (dump,) = dumps_between(tmp_path / "lake", COMMENT)

    assert [position_of(record) for record in quarantined_records(dump)] == [("part-1.ndjson", 2)]


def test_an_entity_or_a_day_without_dumps_has_none(tmp_path: Path) -> None:
    normalize(tmp_path, BAD)

    assert list(dumps_between(tmp_path / "lake", REVIEW)) == []
    assert list(dumps_between(tmp_path / "lake", COMMENT, last=DUMP_DATE.replace(day=DUMP_DATE.day + 1)))
    assert list(dumps_between(tmp_path / "lake", COMMENT, first=DUMP_DATE.replace(day=DUMP_DATE.day + 1))) == []
    assert newest_dumps(tmp_path / "lake", REVIEW, 3) == []


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_export_contains_position_reasons_and_the_exact_bytes(tmp_path: Path, form: ExportFormat) -> None:
    dump = normalize(tmp_path, BAD).dump
    target = tmp_path / f"export.{form}"

    written = write_export(quarantined_with_bytes(dump), target, form)

    read = _read(target, form)
    assert written == len(read) == 4
    assert read == [
        (record.file, record.position, "; ".join(record.reasons), raw)
        for record, raw in quarantined_with_bytes(dump)
    ]


def test_a_line_of_an_export_is_an_object_with_text_or_base64(tmp_path: Path) -> None:
    target = tmp_path / "export.ndjson"
    write_export(quarantined_with_bytes(normalize(tmp_path, BAD).dump), target, "ndjson")

    _, not_utf8, not_json, _ = map(json.loads, target.read_text("utf-8").splitlines())

    assert not_json == {
        "entity": "customer_product_comment",
        "dump_date": "2026-03-01",
        "file": "part-2.ndjson",
        "position": 1,
        "reasons": ["record: malformed JSON"],
        "explanations": {},
        "raw": "not JSON",
    }
    assert not_utf8["raw_base64"] == base64.b64encode(b'{"broken": \xff}').decode()
    assert "raw" not in not_utf8


@given(raw=st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")))
def test_both_formats_restore_any_bytes(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("export")
    record = QuarantinedRecord(COMMENT.table, DUMP_DATE, "part-1.ndjson", 1, ("record: not UTF-8",))
    forms: list[ExportFormat] = ["ndjson", "csv"]

    for form in forms:
        write_export([(record, raw)], folder / f"export.{form}", form)

        assert [one[-1] for one in _read(folder / f"export.{form}", form)] == [raw]


def test_only_an_export_for_a_spreadsheet_is_without_formulas(
    tmp_path: Path,
) -> None:
    raw = b'=HYPERLINK("http://example.com")'
    record = QuarantinedRecord(COMMENT.table, DUMP_DATE, "@part-1.csv", 1, ("-x: required",))

    write_export([(record, raw)], tmp_path / "exact.csv", "csv")
    write_export([(record, raw)], tmp_path / "guarded.csv", "csv", for_spreadsheet=True)

    exact, guarded = (
        next(csv.DictReader((tmp_path / name).read_text("utf-8").splitlines()))
        for name in ("exact.csv", "guarded.csv")
    )
    assert (exact["file"], exact["reasons"], exact["raw"]) == ("@part-1.csv", "-x: required", raw.decode())
    assert guarded == exact | {name: f"'{exact[name]}" for name in ("file", "reasons", "raw")}


def test_an_export_is_for_its_owner_only_and_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "export.csv"
    write_export([], target, "csv")

    with pytest.raises(ExportExistsError, match=r"export\.csv exists"):
        write_export([], target, "csv")
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_interrupted_export_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        write_export(_one_then_interrupted(), tmp_path / "export.csv", "csv")

    assert list(tmp_path.iterdir()) == []


def _one_then_interrupted() -> Iterator[tuple[QuarantinedRecord, bytes]]:
    yield QuarantinedRecord(COMMENT.table, DUMP_DATE, "part-1.ndjson", 1, ("content: required",)), b"{}"
    raise InterruptedError


def _read(target: Path, form: ExportFormat) -> list[tuple[str, int, str, bytes]]:
    if form == "ndjson":
        # Only \n ends a line: json leaves U+2028 and the like as they are.
        rows = [json.loads(line) for line in target.read_text("utf-8").split("\n")[:-1]]
        rows = [row | {"reasons": "; ".join(row["reasons"])} for row in rows]
    else:
        with target.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    return [
        (
            row["file"],
            int(row["position"]),
            row["reasons"],
            base64.b64decode(row["raw_base64"]) if row.get("raw_base64") else row["raw"].encode(),
        )
        for row in rows
    ]

"""Floods of keys, reasons, columns and rows: bounded, without a change of what ordinary dumps give."""

import json
from pathlib import Path

import polars as pl
import pytest
from backports import zstd

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError, drift
from cdp_etl.normalize.counts import OTHER, RecordCounts
from cdp_etl.normalize.readers.csv import rows as csv_rows
from cdp_etl.normalize.readers.json import ndjson as ndjson_lines
from cdp_etl.normalize.readers.json import payload, stream, structure
from cdp_etl_tests.attacks.files import different_cell_counts, distinct_keys, many_keys, wide_csv, wide_parquet
from cdp_etl_tests.normalize.harness import ACTIVITY, COMMENT, Outcome, comment, ndjson, normalize

FEW = NormalizationSettings(max_distinct_counted=100)


@pytest.mark.parametrize("per_record", [1, 300], ids=["by the fast path", "by the reference path"])
def test_keys_beyond_the_bound_are_counted_as_other_and_stay_in_their_records(
    tmp_path: Path, per_record: int
) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": distinct_keys(1_500, per_record)}, settings=FEW)

    keys = outcome.dump.unknown_keys
    assert (len(keys), sum(keys.values())) == (101, 1_500)
    assert keys[OTHER] >= 1_400
    extra = [json.loads(text) for text in outcome.accepted["extra_fields"]]
    assert sorted(key for fields in extra for key in fields) == sorted(f"k{number}" for number in range(1_500))


def test_a_key_of_every_record_is_counted_by_name_whatever_else_the_records_have(tmp_path: Path) -> None:
    records = (comment(number, utm=1, **{f"k{number}": 1}) for number in range(500))

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)}, settings=FEW)

    assert outcome.dump.unknown_keys["utm"] == 500


def test_a_long_key_or_value_is_not_stored_in_the_summary(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, **{"k" * 5_000: 1}))})
    schema = pl.Schema(dict.fromkeys((field.name for field in ACTIVITY.fields), pl.String()))
    actions = pl.DataFrame([{"action": "v" * 5_000}, {"action": "view"}], schema).with_columns(
        pl.Series("warnings", [[], []], pl.List(pl.String))
    )
    counts = RecordCounts(max_distinct=100)
    counts.count_valid(ACTIVITY, actions)

    assert outcome.dump.unknown_keys == {OTHER: 1}
    assert "k" * 5_000 in outcome.accepted["extra_fields"].item()
    assert counts.open_values["action"] == {"view": 1}


def test_reasons_beyond_the_bound_are_counted_as_other_and_stay_with_their_records(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.csv": different_cell_counts(1_000)}, settings=FEW)

    assert (len(outcome.dump.reasons), sum(outcome.dump.reasons.values())) == (101, outcome.dump.quarantined)
    assert len({reason for reasons in outcome.reasons for reason in reasons}) == outcome.dump.quarantined


def test_drift_does_not_name_the_keys_beyond_the_bound_as_one(tmp_path: Path) -> None:
    flooded = normalize(tmp_path, {"a.ndjson": distinct_keys(1_500)}, settings=FEW).dump
    quiet = normalize(tmp_path / "quiet", {"a.ndjson": ndjson(*map(comment, range(50)))}).dump

    changes = drift.compare(COMMENT, flooded, [quiet] * 3).changes

    assert not any(f"key `{OTHER}`" in change for change in changes)
    assert "1400 occurrences of `other`: a key of this name, or keys that are not counted by name." in changes


def test_a_record_with_too_many_keys_is_quarantined(tmp_path: Path) -> None:
    settings = NormalizationSettings(max_record_keys=300)
    names = len(comment())

    outcome = normalize(
        tmp_path, {"a.ndjson": many_keys(300 - names), "b.ndjson": many_keys(301 - names)}, settings=settings
    )

    assert (outcome.dump.accepted, outcome.dump.quarantined) == (1, 1)
    assert outcome.reasons == [["record: more than 300 keys"]]


@pytest.mark.parametrize(("file", "content"), [("a.csv", wide_csv(5_000)), ("a.parquet", wide_parquet(5_001))])
def test_too_many_columns_refuse_the_dump(tmp_path: Path, file: str, content: bytes) -> None:
    with pytest.raises(DumpUnreadableError, match=r"5001 columns; expected at most 5000 \(CDP_ETL_MAX_COLUMNS\)"):
        normalize(tmp_path, {file: content})


def test_equal_short_records_have_the_reasons_of_each_alone(tmp_path: Path) -> None:
    records = [{}, {"commentId": 1}, {"commentId": True}, {"commentId": "1"}, {"commentId": 1.0}, {}, 1, {}]
    alone = [
        normalize(tmp_path / str(number), {"a.ndjson": ndjson(record)}).reasons[0]
        for number, record in enumerate(records)
    ]

    assert normalize(tmp_path / "all", {"a.ndjson": ndjson(*records, *records)}).reasons == [*alone, *alone]


def test_a_file_of_very_short_rows_is_read_in_parts_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = ",".join(comment())
    csv_row = ",".join(f'"{value}"' for value in comment().values())
    lines = b"\n\n \n" + ndjson(comment(1)) + b"\n\r\n\n\n{}\n\n" + ndjson(comment(2), comment(3)) + b"\n\nx"
    array = (
        b" [ " + b" , ".join([b" " * 90 + json.dumps(comment(n)).encode() + b"\n" * 90 for n in range(9)]) + b" ]"
    )
    files = {
        "a.ndjson": lines,
        "b.csv": f'{header}\n\n{csv_row}\n\n\n,\n\n{csv_row}\nx\n"\n"\n{csv_row}\n\n'.encode(),
        "c.json": array,
        "d.json": b'{"entries":' + array + b',"a":1,"b":[],"source":"Shop"}',
        "e.json": b"[]",
    }
    whole = normalize(tmp_path / "whole", files)
    monkeypatch.setattr(ndjson_lines, "_MAX_LINES", 2)
    monkeypatch.setattr(csv_rows, "_MAX_ROWS_AT_ONCE", 2)
    monkeypatch.setattr(csv_rows, "_PART_BYTES", 7)
    monkeypatch.setattr(stream, "_MAX_ELEMENTS", 2)
    monkeypatch.setattr(structure, "_PART_BYTES", 5)
    monkeypatch.setattr(structure, "_MAX_TRIM_STEPS", 1)

    in_parts = normalize(tmp_path / "parts", files)

    assert whole.dump.accepted > 8
    assert tables(in_parts) == tables(whole)


@pytest.mark.parametrize("end", [b"", b"{x"], ids=["whole", "without end"])
def test_glued_objects_are_cut_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    """Each was parsed again in search of a further object behind it: 1 MB of `{}{}…{x` took over 10 s."""
    searched: list[int] = []
    monkeypatch.setattr(payload, "_objects", lambda _slices, row, **_: searched.append(row))
    glued = b"{}" * 1_000

    if end:
        with pytest.raises(DumpUnreadableError, match="offset 2000: not JSON: the last object has no end"):
            normalize(tmp_path, {"a.ndjson": glued + end})
    else:
        assert normalize(tmp_path, {"a.ndjson": glued}).dump.quarantined == 1_000
    assert searched == []


def test_members_of_any_size_are_one_file(tmp_path: Path) -> None:
    frames = [zstd.compress(b""), *(zstd.compress(ndjson(comment(n, note="x" * n * 500))) for n in range(20))]

    outcome = normalize(tmp_path, {"a.ndjson.zst": b"".join(frames * 3) + frames[0] * 5_000})

    assert outcome.dump.records_read == 60


def tables(outcome: Outcome) -> list[list[tuple[object, ...]]]:
    """Return the rows of all output, to be compared."""
    return [frame.rows() for frame in (outcome.accepted, outcome.superseded, outcome.quarantined)]

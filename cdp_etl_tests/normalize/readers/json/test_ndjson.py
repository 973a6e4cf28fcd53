"""NDJSON: which lines are records, and how the others are quarantined."""

import json
from pathlib import Path

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl_tests.normalize.harness import comment, ndjson, normalize

GOOD = ndjson(comment(1))


def test_a_blank_line_is_no_record_but_counts_as_a_position(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": b"\n" + GOOD + b"  \t\r\n\n" + ndjson(comment(2))})

    assert outcome.dump.records_read == 2
    assert outcome.accepted["source_position"].to_list() == [2, 5]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(GOOD.rstrip(), id="no final newline"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="a byte order mark"),
        pytest.param(b"  " + GOOD, id="a line that is indented"),
    ],
)
def test_how_a_line_ends_and_a_file_begins_does_not_matter(tmp_path: Path, content: bytes) -> None:
    outcome = normalize(tmp_path, {"a.jsonl": content})

    assert (outcome.dump.accepted, outcome.dump.quarantined) == (1, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(GOOD[:40], "record: malformed JSON", id="truncated"),
        pytest.param(b"oops", "record: malformed JSON", id="no JSON"),
        pytest.param(GOOD[:-2] + b",}", "record: malformed JSON", id="a trailing comma, which DuckDB accepts"),
        pytest.param(
            GOOD[:-2] + b',"x":NaN}', "record: NaN or Infinity, which is not JSON", id="NaN, which DuckDB accepts"
        ),
        pytest.param(
            GOOD[:-2] + b',"x":"\\ud800"}', "record: half of a character (lone surrogate)", id="half a character"
        ),
        pytest.param(b"[1, 2]", "record: not an object", id="an array"),
        pytest.param(b"null", "record: not an object", id="null"),
        pytest.param(GOOD[:-2] + b',"x":"caf\xe9"}', "record: not UTF-8", id="Latin-1"),
    ],
)
def test_a_line_that_is_no_record_is_quarantined_with_its_bytes(tmp_path: Path, line: bytes, reason: str) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": GOOD + line + b"\n" + ndjson(comment(3))})

    stored = outcome.quarantined.row(0, named=True)
    assert (outcome.dump.accepted, outcome.dump.quarantined) == (2, 1)
    assert (stored["raw"], stored["reasons"]) == (line, [reason])
    assert (stored["source_file"], stored["source_position"]) == ("a.ndjson", 2)


def test_a_quarantined_record_has_all_its_reasons(tmp_path: Path) -> None:
    bad = comment(1, content=" ", commentedAt="yesterday", customerPhone=None, productPrice="1,000")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(bad)})

    assert outcome.reasons == [
        [
            "commentedAt: wrong type",
            "content: required",
            "customerPhone/customerEmail: one is required",
            "productPrice: wrong type",
        ]
    ]
    assert outcome.dump.reasons == dict.fromkeys(outcome.reasons[0], 1)


@pytest.mark.parametrize("batch_bytes", [100, 5_000], ids=["read in blocks", "read at once"])
def test_a_line_beyond_the_limit_is_quarantined_and_truncated(tmp_path: Path, batch_bytes: int) -> None:
    settings = NormalizationSettings(max_record_bytes=1_000)
    long = json.dumps(comment(2, content="x" * 2_000)).encode()

    outcome = normalize(
        tmp_path,
        {"a.ndjson": GOOD + long + b"\n" + ndjson(comment(3))},
        settings=settings,
        batch_bytes=batch_bytes,
    )

    assert outcome.accepted["comment_id"].to_list() == ["1", "3"]
    assert outcome.reasons == [["record: longer than the limit of 1000 bytes"]]
    assert outcome.quarantined["raw"].to_list() == [long[:1_000]]


def test_of_a_repeated_key_the_last_wins(tmp_path: Path) -> None:
    line = GOOD.replace(b'"content"', b'"content": "first", "content"')

    outcome = normalize(tmp_path, {"a.ndjson": line})

    assert outcome.accepted["content"].to_list() == ["Còn hàng không?"]


def test_an_empty_file_is_a_dump_of_nothing(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": b""})

    assert (outcome.dump.records_read, outcome.dump.records_by_file) == (0, {"a.ndjson": 0})
    assert outcome.dump.accepted_files == []


def test_unknown_keys_are_stored_as_delivered_and_counted(tmp_path: Path) -> None:
    records = [
        comment(1, productId="P1", score=1.50),
        comment(2, score=2),
        comment(3, note={"a": [1, {"b": None}], "c": 'say "x"'}),
    ]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)})

    assert outcome.accepted["extra_fields"].to_list() == [
        '{"productId":"P1","score":1.5}',
        '{"score":2}',
        '{"note":{"a":[1,{"b":null}],"c":"say \\"x\\""}}',
    ]
    assert outcome.dump.unknown_keys == {"score": 2, "productId": 1, "note": 1}


def test_a_custom_field_group_that_is_no_object_is_stored_with_a_warning(tmp_path: Path) -> None:
    outcome = normalize(
        tmp_path, {"a.ndjson": ndjson(comment(1, customFieldTexts={"a": 1}, customFieldFlags="x"))}
    )

    row = outcome.accepted.row(0, named=True)
    assert row["custom_fields"] == '{"customFieldTexts":{"a":1},"customFieldFlags":"x"}'
    assert row["warnings"] == ["customFieldFlags: not an object"]

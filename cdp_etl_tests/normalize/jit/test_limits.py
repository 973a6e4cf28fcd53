"""Inputs at the limits of the kernels: full scratch space, full output, text that ends within any token.

`test_bounds.py` runs these tests again with checked memory.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.normalize import DumpUnreadableError
from cdp_etl.normalize.jit.canonical_json import MAX_DEPTH, MAX_KEYS
from cdp_etl.normalize.jit.records import MAX_OTHER_KEYS
from cdp_etl_tests.normalize.harness import COMMENT, comment, ndjson
from cdp_etl_tests.normalize.paths import (
    FUZZ_BOUNDS,
    FUZZ_CORPUS,
    assert_file_agrees,
    assert_paths_agree,
    decoded,
)

CORPUS = [path for path in sorted(FUZZ_CORPUS.rglob("*")) if path.is_file()]


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth > 1 else []


def keys(count: int, prefix: str = "k") -> dict[str, int]:
    return {f"{prefix}{number}": number for number in range(count)}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_both_paths_agree_on_the_fuzz_corpus(path: Path) -> None:
    try:
        batches = decoded(COMMENT, f"a.{path.parent.name}", path.read_bytes(), FUZZ_BOUNDS)
        assert_file_agrees(COMMENT, batches)
    except DumpUnreadableError:
        assert path.name in {"broken", "odd"}


@pytest.mark.parametrize(
    ("changes", "supported"),
    [
        pytest.param({"note": nested(MAX_DEPTH)}, True, id="deepest value"),
        pytest.param({"note": nested(MAX_DEPTH + 1)}, False, id="value too deep"),
        pytest.param({"note": keys(MAX_KEYS)}, True, id="most keys in a value"),
        pytest.param({"note": keys(MAX_KEYS + 1)}, False, id="too many keys in a value"),
        pytest.param(keys(MAX_OTHER_KEYS), True, id="most other keys"),
        pytest.param(keys(MAX_OTHER_KEYS + 1), False, id="too many other keys"),
        pytest.param({"customFieldTexts": {}, "": ""}, True, id="shortest members"),
        pytest.param({"content": "x" * 12, "title": "x" * 13, "imageLinks": ["é" * 6]}, True, id="inline views"),
        pytest.param({"content": '\b"\\\x01\x1f', "note": '\n"\\\x01\x1f' * 9}, True, id="escapes"),
        pytest.param({"content": "😀" * 9, "note": {"😀": "😀" * 9}}, True, id="surrogate pairs"),
        pytest.param({"note": 10**999}, True, id="longest number"),
        pytest.param({"note": 10**1000}, False, id="number too long"),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_both_paths_agree_at_the_limits(changes: dict[str, Any], supported: bool, ascii_only: bool) -> None:  # noqa: FBT001 - parameters of a table
    line = json.dumps(comment(1, **changes), ensure_ascii=ascii_only, separators=(",", ":")).encode()

    (batch,) = decoded(COMMENT, "a.ndjson", line)

    assert assert_paths_agree(COMMENT, batch) == int(supported)


def test_both_paths_agree_if_almost_all_bytes_are_written_twice() -> None:
    """The value of a custom field is written alone, and as a part of the object that contains it."""
    line = json.dumps({"customFieldTexts": {"": "x" * 2_000}}, separators=(",", ":")).encode()

    for batch in decoded(COMMENT, "a.ndjson", b"\n".join([line] * 50)):
        assert_paths_agree(COMMENT, batch)


def test_both_paths_agree_if_the_sets_of_keys_exceed_their_space() -> None:
    records = [comment(number, **keys(60, f"{number}-")) for number in range(20)]

    (batch,) = decoded(COMMENT, "a.ndjson", ndjson(*records))

    assert 0 < assert_paths_agree(COMMENT, batch) < len(records)


@pytest.mark.full
def test_both_paths_agree_on_every_truncated_record() -> None:
    line = (
        b'{"systemName":"Web","commentId":7,"commentedAt":1.7723664e+12,'
        b'"content":" \\ud83d\\ude00 \xc3\xa9\\u00e9\\n ",'
        b'"customerId":"1","customerName":"A","customerEmail":"a@b.vn","productSku":1,"productName":"x","productPrice":1.5e-3,'
        b'"title":null,"customFieldTexts":{"a":[true,false,{"b":"\\n"},null]},"note": -0.25}'
    )

    (batch,) = decoded(COMMENT, "a.ndjson", line)
    assert assert_paths_agree(COMMENT, batch) == 1
    for end in range(1, len(line)):
        (batch,) = decoded(COMMENT, "a.ndjson", line[:end])
        assert assert_paths_agree(COMMENT, batch) == 0


@pytest.mark.parametrize("cell", ["{}", '{"a":1}', ' {"a" : "\\u00e9"} ', '{"a"', "{", '{"a":"\\ud83d', ""])
def test_both_paths_agree_on_objects_in_the_last_cell(cell: str) -> None:
    text = '"' + cell.replace('"', '""') + '"'
    row = f"Website,1,x,2026-03-01T12:00:00,KH1,{text}"
    header = "systemName,commentId,content,commentedAt,customerId,customFieldTexts"

    (batch,) = decoded(COMMENT, "a.csv", f"{header}\n{row}".encode())

    assert_paths_agree(COMMENT, batch)

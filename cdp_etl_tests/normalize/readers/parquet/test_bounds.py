"""Parquet that expands without limit is refused before it is decoded; long values are decoded in parts."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.parquet import bounds
from cdp_etl.normalize.readers.parquet.page_headers import MalformedHeaderError, pages
from cdp_etl_tests.attacks.files import dictionary_bomb, list_bomb, page_bomb, parquet, rows_without_bytes
from cdp_etl_tests.normalize.harness import NOON_MS, REVIEW, Outcome, normalize

KB = 1_000


def reviews(contents: Sequence[str | None]) -> bytes:
    count = range(len(contents))
    columns: dict[str, Any] = {
        "reviewId": [str(number) for number in count],
        "content": list(contents),
        "title": [contents[-1 - number] for number in count],
        "reviewedAt": [NOON_MS] * len(contents),
        "customerId": ["KH1"] * len(contents),
        "customerName": ["An"] * len(contents),
        "customerEmail": ["a@example.com"] * len(contents),
        "productSku": ["S1"] * len(contents),
        "productName": ["Iphone"] * len(contents),
        "imageLinks": [[text] if text else None for text in contents],
    }
    return parquet(pa.table(columns))


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        pytest.param(dictionary_bomb(50, 1000 * KB), "expands to more than 1000 times", id="rows of a long value"),
        pytest.param(rows_without_bytes(600 * KB), "expands to more than 1000 times", id="rows without bytes"),
        pytest.param(list_bomb(10, 200, 100 * KB), r"column 1 in row group 0 need 200000000 bytes", id="lists"),
        pytest.param(page_bomb(3, 5_000 * KB), r"pages of row group 0 need 15\d+ bytes", id="pages"),
    ],
)
def test_a_file_that_expands_too_far_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, fact: str
) -> None:
    monkeypatch.setattr(bounds, "_OPEN_PAGES_BYTES", 12_000 * KB)
    monkeypatch.setattr(bounds, "_OPEN_PAGES_RECORDS", 0)
    assert len(content) < 50 * KB

    with pytest.raises(DumpUnreadableError, match=rf"^a\.parquet: .*{fact}"):
        normalize(tmp_path, {"a.parquet": content}, workers=1)


def test_long_values_of_a_dictionary_are_decoded_in_parts_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"a.parquet": reviews(["x" * 700, "y" * 900, None, "z", *["x" * 700] * 40, "é" * 400])}
    whole = normalize(tmp_path / "whole", file, entity=REVIEW, batch_bytes=5_000)
    monkeypatch.setattr(bounds, "_BATCH_BYTES", 35_000)

    in_parts = normalize(tmp_path / "parts", file, entity=REVIEW, batch_bytes=5_000)

    assert plan(tmp_path / "parts" / "dump" / "a.parquet").dictionaries == ["content", "title"]
    assert len(in_parts.dump.accepted_files) > len(whole.dump.accepted_files)
    assert rows(in_parts) == rows(whole)


def test_a_row_longer_than_the_limit_is_not_decoded_but_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_BATCH_BYTES", 1_000)
    settings = NormalizationSettings(max_record_bytes=1_500)
    file = {"a.parquet": parquet(pa.table({"content": ["x" * 2_000, "y" * 700, None], "title": ["z" * 900] * 3}))}

    outcome = normalize(tmp_path, file, entity=REVIEW, settings=settings)

    too_long = "record: longer than the limit of 1500 bytes"
    assert [too_long in reasons for reasons in outcome.reasons] == [True, True, False]
    assert max(map(len, outcome.quarantined["raw"])) < 1_000


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("statistics", [True, False])
def test_pages_add_up_to_the_column_chunk(
    version: Literal["1.0", "2.0"], compression: Literal["none", "snappy", "zstd"], *, statistics: bool
) -> None:
    table = pa.table(
        {
            "text": [f"value {number % 700}" for number in range(5_000)],
            "number": pa.array(range(5_000)),
            "list": [["a", "b"][: number % 3] for number in range(5_000)],
            "null": pa.nulls(5_000, pa.string()),
        }
    )
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        compression=compression,
        data_page_version=version,
        write_statistics=statistics,
        data_page_size=2_000,
        write_page_checksum=True,
    )
    metadata = pq.read_metadata(file)

    for number in range(metadata.num_columns):
        chunk = metadata.row_group(0).column(number)
        found = list(pages(file, chunk))
        headers = chunk.total_uncompressed_size - sum(page.decoded_bytes for page in found)
        assert sum(page.values for page in found if not page.is_dictionary) == chunk.num_values
        assert 0 < headers < 150 * len(found)
        assert [page.is_dictionary for page in found].count(True) == int(chunk.has_dictionary_page)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=30))
def test_malformed_headers_end_in_the_error_of_their_own(at: int, damage: bytes) -> None:
    content = reviews(["x" * 50] * 20)
    chunk = pq.read_metadata(io.BytesIO(content)).row_group(0).column(1)
    start = chunk.dictionary_page_offset or 0
    damaged = io.BytesIO(content[: start + at] + damage + content[start + at + len(damage) :])

    try:
        found = list(pages(damaged, chunk))
    except MalformedHeaderError:
        return
    assert all(page.decoded_bytes >= 0 and page.values >= 0 for page in found)


def plan(path: Path) -> bounds.ReadPlan:
    return bounds.plan_reading("a.parquet", path, pq.read_metadata(path), ReadBounds(5_000, 1 << 24))


def rows(outcome: Outcome) -> list[list[tuple[object, ...]]]:
    return [frame.rows() for frame in (outcome.accepted, outcome.superseded, outcome.quarantined)]

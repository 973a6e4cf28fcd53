"""Parquet files: one record per row, in whatever types a system exports."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl_tests.normalize.harness import NOON_MS, REVIEW, normalize

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def review(**changes: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "reviewId": ["1", "2"],
        "content": ["Tốt", "Tệ"],
        "reviewedAt": [NOON_MS, NOON_MS],
        "customerId": ["KH1", "KH2"],
        "customerName": ["An", "Bình"],
        "customerEmail": ["a@example.com", "B@Example.com"],
        "productSku": ["S1", "S2"],
        "productName": ["Iphone", "Iphone"],
    } | changes
    return {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}


def parquet(**changes: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(review(**changes)), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "values", "column", "expected"),
    [
        pytest.param("rating", pa.array([5.0, None]), "rating", [5, None], id="integers in floating point"),
        pytest.param("rating", pa.array([4, 5], pa.uint8()), "rating", [4, 5], id="small integers"),
        pytest.param("rating", pa.array([Decimal("4.00"), Decimal("5.00")]), "rating", [4, 5], id="decimals"),
        pytest.param(
            "productPrice", pa.array([Decimal("4.50"), None]), "product_price", [4.5, None], id="DECIMAL"
        ),
        pytest.param("productPrice", pa.array([1, 2]), "product_price", [1.0, 2.0], id="an integer price"),
        pytest.param("productCategoryId", pa.array([7, 8]), "product_category_id", ["7", "8"], id="an integer id"),
        pytest.param(
            "productCategoryId", pa.array([7.0, None]), "product_category_id", ["7", None], id="a float id"
        ),
        pytest.param(
            "title", pa.array(["a", "b"]).dictionary_encode(), "title", ["a", "b"], id="texts in a dictionary"
        ),
        pytest.param("title", pa.array([b"a", b"\xc3\xa9"]), "title", ["a", "é"], id="bytes without a type"),
        pytest.param("imageLinks", pa.array([[" a ", None, ""], []]), "image_links", [["a"], []], id="lists"),
        pytest.param("imageLinks", pa.array(['["a"]', "b"]), "image_links", [["a"], ["b"]], id="lists as text"),
        pytest.param("reviewed_at", pa.array([NOON, NOON]), None, None, id="a field in snake case"),
    ],
)
def test_a_column_is_read_whatever_its_type(
    tmp_path: Path, name: str, values: Any, column: str | None, expected: list[Any] | None
) -> None:
    columns = {name: values} if name != "reviewed_at" else {"reviewedAt": pa.array([NOON_MS, NOON_MS])}

    outcome = normalize(tmp_path, {"a.parquet": parquet(**columns)}, entity=REVIEW)

    assert outcome.dump.accepted == 2
    if column is not None:
        assert outcome.accepted[column].to_list() == expected


@pytest.mark.parametrize(
    ("dtype", "hour"),
    [
        pytest.param(pa.timestamp("ns", "Asia/Ho_Chi_Minh"), 12, id="with zone it is absolute"),
        pytest.param(pa.timestamp("ms"), 5, id="without zone it is shifted"),
        pytest.param(pa.timestamp("ns"), 5, id="in any unit"),
        pytest.param(pa.int64(), 5, id="as epoch milliseconds"),
        pytest.param(pa.float64(), 5, id="as epoch milliseconds in floating point"),
    ],
)
def test_a_timestamp_is_shifted_by_timezone_gmt_unless_it_is_absolute(
    tmp_path: Path, dtype: pa.DataType, hour: int
) -> None:
    timestamps: Any = pa.array([NOON_MS, NOON_MS])
    if pa.types.is_timestamp(dtype):
        timestamps = timestamps.cast(pa.timestamp("ms", dtype.tz)).cast(dtype)
    else:
        timestamps = timestamps.cast(dtype)

    outcome = normalize(tmp_path, {"a.parquet": parquet(reviewedAt=timestamps, timezoneGmt=[7, 7])}, entity=REVIEW)

    assert outcome.accepted["reviewed_at"].to_list() == [NOON.replace(hour=hour)] * 2


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        pytest.param("reviewedAt", [date(2026, 3, 1)] * 2, "reviewedAt: wrong type", id="a date is no timestamp"),
        pytest.param(
            "reviewedAt",
            pa.array([2**62] * 2, pa.int64()).cast(pa.timestamp("us")),
            "reviewedAt: out of range",
            id="beyond the calendar",
        ),
        pytest.param("rating", [4.5, 4.5], "rating: wrong type", id="a fraction"),
        pytest.param("rating", [True, True], "rating: wrong type", id="a boolean for a number"),
        pytest.param("productPrice", [float("inf")] * 2, "productPrice: wrong type", id="Infinity"),
        pytest.param("title", [[1], [2]], "title: wrong type", id="a list for a text"),
        pytest.param("title", [True, True], "title: wrong type", id="a boolean for a text"),
        pytest.param("title", [b"\xe9", b"\xe9"], "record: not UTF-8", id="bytes that are not UTF-8"),
        pytest.param(
            "title",
            pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xe9", b"\xe9"]).buffers()),
            "record: not UTF-8",
            id="a string type with invalid UTF-8",
        ),
        pytest.param(
            "rating", pa.array([2**64 - 1] * 2, pa.uint64()), "rating: out of range", id="beyond 64 bits"
        ),
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path: Path, name: str, values: Any, reason: str) -> None:
    outcome = normalize(tmp_path, {"a.parquet": parquet(**{name: values})}, entity=REVIEW)

    assert outcome.reasons == [[reason], [reason]]


def test_custom_and_unknown_columns_are_stored_as_json(tmp_path: Path) -> None:
    columns = {
        "customFieldTexts": [{"a": "x", "b": None}, None],
        "customFieldNumbers": ['{"n": 1.50}', " "],
        "score": [1.25, None],
        "day": [date(2026, 1, 2), None],
        "store": ["A", 'say "B"'],
        "pairs": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    }

    outcome = normalize(tmp_path, {"a.parquet": parquet(**columns)}, entity=REVIEW)

    assert outcome.accepted["custom_fields"].to_list() == [
        '{"customFieldTexts":{"a":"x"},"customFieldNumbers":{"n":1.50}}',
        None,
    ]
    assert outcome.accepted["extra_fields"].to_list() == [
        '{"score":1.25,"day":"2026-01-02","store":"A","pairs":{"k":1}}',
        '{"store":"say \\"B\\""}',
    ]
    assert outcome.dump.unknown_keys == {"store": 2, "score": 1, "day": 1, "pairs": 1}


def test_bytes_of_an_unknown_column_that_are_no_text_cost_no_record(tmp_path: Path) -> None:
    """The result of a hash or a picture next to the fields of the contract."""
    invalid = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xe9", b"a"]).buffers())

    outcome = normalize(
        tmp_path, {"a.parquet": parquet(digest=[b"\xff\x00", b"text"], note=invalid)}, entity=REVIEW
    )

    assert outcome.accepted["extra_fields"].to_list() == [
        '{"digest":"ff00","note":"e9"}',
        '{"digest":"text","note":"a"}',
    ]
    assert outcome.dump.findings == (
        "a.parquet: bytes that are no text in a column that the contract does not list, stored in hexadecimal",
    )


def test_a_quarantined_row_is_stored_as_json_because_parquet_has_no_bytes_of_a_row(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.parquet": parquet(content=["Tốt", None])}, entity=REVIEW)

    assert outcome.reasons == [["content: required"]]
    assert outcome.quarantined["source_position"].to_list() == [2]
    assert outcome.quarantined["raw"][0].decode() == (
        f'{{"reviewId":"2","content":null,"reviewedAt":{NOON_MS},"customerId":"KH2","customerName":"Bình",'
        '"customerEmail":"B@Example.com","productSku":"S2","productName":"Iphone"}'
    )


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(parquet().replace(b"productSku", b"product\xffku"), id="a column whose name is no text"),
        pytest.param(b"", id="no bytes"),
        pytest.param(parquet()[:-10], id="cut"),
        pytest.param(b"PAR1" + b"\0" * 100 + b"PAR1", id="no footer"),
        pytest.param(parquet()[:4] + b"\xff" * 200 + parquet()[204:], id="a page overwritten"),
    ],
)
def test_a_file_that_cannot_be_read_is_fatal(tmp_path: Path, broken: bytes) -> None:
    with pytest.raises(DumpUnreadableError, match=r"^a\.parquet: not readable as Parquet after row 0"):
        normalize(tmp_path, {"a.parquet": broken}, entity=REVIEW)


def test_a_row_beyond_the_limit_is_quarantined(tmp_path: Path) -> None:
    content = parquet(content=["x" * 2_000, "y"])

    outcome = normalize(
        tmp_path, {"a.parquet": content}, entity=REVIEW, settings=NormalizationSettings(max_record_bytes=1_000)
    )

    assert (outcome.dump.accepted, outcome.reasons) == (1, [["record: longer than the limit of 1000 bytes"]])


def test_two_columns_of_one_field_are_fatal(tmp_path: Path) -> None:
    with pytest.raises(DumpUnreadableError, match="name one field reviewId"):
        normalize(tmp_path, {"a.parquet": parquet(review_id=["1", "2"])}, entity=REVIEW)

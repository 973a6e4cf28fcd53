"""Files of a hostile partner: small to deliver, expensive to read unless the reader has bounds.

`FILE_ATTACKS` has them at full size, for the benchmark. The tests run a sample of them.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from cdp_etl_tests.normalize.harness import comment

MB = 1_000_000


@dataclass(frozen=True)
class FileAttack:
    """A dump of one file.

    Attributes:
        name: What the file has too much of.
        file: Path within the dump; its name determines the format.
        content: Builds the bytes of the file.
    """

    name: str
    file: str
    content: Callable[[], bytes]


def dictionary_bomb(rows: int = 4_200, value_bytes: int = MB) -> bytes:
    """Return Parquet in which every row is the same long value, stored once in a dictionary."""
    dictionary = pa.array(["x" * value_bytes])
    content = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), dictionary)
    return parquet(pa.table({"content": content}))


def page_bomb(pages: int = 4, page_bytes: int = 500 * MB) -> bytes:
    """Return Parquet with pages of one byte repeated, which compress to almost nothing."""
    table = pa.table({f"c{number}": pa.array(["x" * page_bytes]) for number in range(pages)})
    return parquet(table, use_dictionary=False)


def list_bomb(rows: int = 100, values: int = 10_000, value_bytes: int = MB) -> bytes:
    """Return Parquet with lists that repeat one long value of a dictionary."""
    dictionary = pa.array(["x" * value_bytes])
    content = pa.DictionaryArray.from_arrays(pa.array([0] * (rows * values), pa.int32()), dictionary)
    offsets = pa.array(range(0, rows * values + 1, values), pa.int32())
    return parquet(pa.table({"tags": pa.ListArray.from_arrays(offsets, content)}))


def rows_without_bytes(rows: int = 20_000_000) -> bytes:
    """Return Parquet with one column that is null in every row."""
    return parquet(pa.table({"content": pa.nulls(rows, pa.string())}))


def parquet(table: pa.Table, **options: Any) -> bytes:
    """Return a table as Parquet without Arrow's own schema, as other writers write it."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", store_schema=False, write_statistics=False, **options)
    return file.getvalue()


def distinct_keys(count: int = 500_000, per_record: int = 1) -> bytes:
    """Return records whose unknown keys all differ."""
    return _lines(
        {**comment(number), **{f"k{number + index}": 1 for index in range(per_record)}}
        for number in range(0, count, per_record)
    )


def many_keys(count: int = 1_000_000) -> bytes:
    """Return one record with many keys."""
    return _lines([{**comment(), **{f"k{number}": 1 for number in range(count)}}])


def wide_csv(columns: int = 100_000, rows: int = 3) -> bytes:
    """Return CSV with many columns that the contract does not list."""
    header = ",".join(["commentId", *(f"c{number}" for number in range(columns))])
    return "\n".join([header, *(",".join(["1"] * (columns + 1)) for _ in range(rows)), ""]).encode()


def wide_parquet(columns: int = 100_000, rows: int = 3) -> bytes:
    """Return Parquet with many columns that the contract does not list."""
    return parquet(pa.table({f"c{number}": ["x"] * rows for number in range(columns)}))


def different_cell_counts(rows: int = 3_000) -> bytes:
    """Return CSV in which every row has another number of cells, so that every row has another reason."""
    return "\n".join(["commentId,content", *("," * number + "x" for number in range(2, rows))]).encode()


def _lines(records: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for record in records
    )


FILE_ATTACKS = (
    FileAttack("Parquet: one value of 1 MB in 4,200 rows", "a.parquet", dictionary_bomb),
    FileAttack("Parquet: one value of 30 MB in 200 rows", "a.parquet", lambda: dictionary_bomb(200, 30 * MB)),
    FileAttack("Parquet: lists of one value of 1 MB, a million times", "a.parquet", list_bomb),
    FileAttack("Parquet: four pages of 500 MB", "a.parquet", page_bomb),
    FileAttack("Parquet: 20 million rows without bytes", "a.parquet", rows_without_bytes),
    FileAttack("Parquet: 100,000 columns", "a.parquet", wide_parquet),
    FileAttack("NDJSON: 500,000 distinct keys, one a record", "a.ndjson", distinct_keys),
    FileAttack("NDJSON: 500,000 distinct keys, 50 a record", "a.ndjson", lambda: distinct_keys(per_record=50)),
    FileAttack("NDJSON: 500,000 distinct keys, 500 a record", "a.ndjson", lambda: distinct_keys(per_record=500)),
    FileAttack("NDJSON: a million keys in a record", "a.ndjson", many_keys),
    FileAttack(
        "NDJSON: 16 MB of numbers in one value", "a.ndjson", lambda: b'{"k":[' + b"1e1," * 4_000_000 + b"1]}"
    ),
    FileAttack(
        "NDJSON: 16 MB of empty objects in one value", "a.ndjson", lambda: b'{"k":[' + b"{}," * 5_200_000 + b"1]}"
    ),
    FileAttack(
        "NDJSON: 16 MB of entries in one payload", "a.ndjson", lambda: b'{"entries":[' + b"1," * 8_000_000 + b"1]}"
    ),
    FileAttack(
        "NDJSON: 8 million digits in a number",
        "a.ndjson",
        lambda: _lines([comment()])[:-2] + b',"timezoneGmt":1.' + b"1" * 8 * MB + b"}",
    ),
    FileAttack(
        "NDJSON: 4 million marks after a letter",
        "a.ndjson",
        lambda: _lines([comment(content="a" + "\u0301\u0323" * 2 * MB)]),
    ),
    FileAttack("NDJSON: 30 MB of brackets", "a.ndjson", lambda: b"[" * 30 * MB),
    FileAttack("NDJSON: 1 MB of newlines", "a.ndjson", lambda: b"\n" * MB),
    FileAttack("NDJSON: 30 MB of newlines", "a.ndjson", lambda: b"\n" * 30 * MB),
    FileAttack("NDJSON: 1 MB of `{}`", "a.ndjson", lambda: b"{}\n" * (MB // 3)),
    FileAttack("NDJSON: 1 MB of `1`", "a.ndjson", lambda: b"1\n" * (MB // 2)),
    FileAttack("NDJSON: 200 MB of newlines in gzip", "a.ndjson.gz", lambda: gzip.compress(b"\n" * 200 * MB)),
    FileAttack("JSON: 1 MB of `1` in an array", "a.json", lambda: b"[" + b"1," * (MB // 2) + b"1]"),
    FileAttack("JSON: 2 MB of `{}` in an array", "a.json", lambda: b"[" + b"{}," * (2 * MB // 3) + b"{}]"),
    FileAttack("JSON: 30 MB of commas in an array", "a.json", lambda: b"[" + b"," * 30 * MB + b"]"),
    FileAttack("JSON: 30 MB of members in an object", "a.json", lambda: b"{" + b'"":1,' * (6 * MB) + b'"":1}'),
    FileAttack("JSON: 30 MB of brackets", "a.json", lambda: b"[" * 30 * MB),
    FileAttack("CSV: 1 MB of newlines", "a.csv", lambda: b"commentId,content\n" + b"\n" * MB),
    FileAttack("CSV: 30 MB of newlines", "a.csv", lambda: b"commentId,content\n" + b"\n" * 30 * MB),
    FileAttack("CSV: 1 MB of commas, one a row", "a.csv", lambda: b"commentId,content\n" + b",\n" * (MB // 2)),
    FileAttack(
        "CSV: 1 MB of quotes within cells", "a.csv", lambda: b"commentId,content\n" + b'a",b\n' * (MB // 5)
    ),
    FileAttack("CSV: 100,000 columns", "a.csv", wide_csv),
    FileAttack("CSV: 3,000 different numbers of cells", "a.csv", different_cell_counts),
    FileAttack("zstd: 300,000 empty frames", "a.ndjson.zst", lambda: zstd.compress(b"") * 300_000),
    FileAttack("gzip: 300,000 empty members", "a.ndjson.gz", lambda: gzip.compress(b"", mtime=0) * 300_000),
    FileAttack("gzip: 2 GB of one byte", "a.ndjson.gz", lambda: gzip.compress(b"x" * 2000 * MB)),
    FileAttack("zstd: 2 GB of one byte", "a.ndjson.zst", lambda: zstd.compress(b"x" * 2000 * MB)),
)

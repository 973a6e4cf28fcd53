"""Conservation law: every record is accepted, superseded or quarantined, whatever bytes a file contains."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl_tests.examples import examples
from cdp_etl_tests.normalize.harness import COMMENT, Outcome, comment, ndjson, normalize
from cdp_etl_tests.normalize.strategies import json_records

LIMIT = 2_000
few = examples(25)

GOOD = ndjson(comment(1)).strip()
pieces = st.sampled_from(
    [
        b"\n", b"\r\n", b",", b'"', b'""', b"[", b"]", b"{", b"}", b":", b"\\", b" ", b"null", b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe9", b"\0", b'{"entries":[', b'"entries"', b'"a":1', b"commentId,content\n", GOOD, GOOD + b"\n",
        GOOD + b",",
        b"[" + GOOD + b"]", b'{"entries":[' + GOOD + b"]}\n", b"x" * (LIMIT + 1), b"\x85", b"\xc2\xa0",
    ]
)  # fmt: skip # one list, not one a line
contents = st.lists(pieces | st.binary(max_size=4), max_size=12).map(b"".join)


def assert_conserved(outcome: Outcome) -> None:
    dump = outcome.dump
    assert dump.records_read == dump.accepted + dump.superseded + dump.quarantined
    assert (len(outcome.accepted), len(outcome.superseded), len(outcome.quarantined)) == (
        dump.accepted,
        dump.superseded,
        dump.quarantined,
    )
    assert sum(dump.records_by_file.values()) == dump.records_read


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.csv", "a.parquet", "a.ndjson.gz", "a.csv.zst"])
@few
@given(content=contents, batch_bytes=st.sampled_from([8, 64, 1 << 16]))
def test_of_arbitrary_bytes(name: str, content: bytes, batch_bytes: int) -> None:
    with TemporaryDirectory() as root:
        outcome = normalize_or_error(Path(root), name, content, batch_bytes)
        if isinstance(outcome, DumpUnreadableError):
            assert str(outcome).startswith(name)
            return
        assert_conserved(outcome)


@few
@given(content=contents, batch_bytes=st.sampled_from([8, 64, 1 << 16]))
def test_of_lines_behind_a_record(content: bytes, batch_bytes: int) -> None:
    """Each line is at least one record, unless it may be a payload, or an array, which may be empty."""
    with TemporaryDirectory() as root:
        outcome = normalize_or_error(Path(root), "a.ndjson", GOOD + b"\n" + content, batch_bytes)
        if isinstance(outcome, DumpUnreadableError):
            assert str(outcome).startswith("a.ndjson")
            return
        assert_conserved(outcome)
        lines = [line.strip(b" \r\t\xef\xbb\xbf") for line in content.split(b"\n")]
        certain = [line for line in lines if line and b'"entries"' not in line and not line.startswith(b"[")]
        assert outcome.dump.records_read >= 1 + len(certain)


def normalize_or_error(root: Path, name: str, content: bytes, batch_bytes: int) -> Outcome | DumpUnreadableError:
    limits = NormalizationSettings(max_record_bytes=LIMIT)
    try:
        return normalize(root, {name: content}, settings=limits, batch_bytes=batch_bytes, workers=1)
    except DumpUnreadableError as error:
        return error


@few
@given(records=st.lists(json_records(COMMENT), max_size=6), batch_bytes=st.sampled_from([64, 1 << 16]))
def test_of_arbitrary_records_in_lines_and_in_an_array(records: list[str], batch_bytes: int) -> None:
    lines = [record.replace("\n", " ") for record in records]
    with TemporaryDirectory() as root:
        as_lines = normalize(
            Path(root) / "lines", {"a.ndjson": "\n".join(lines).encode()}, batch_bytes=batch_bytes, workers=1
        )
        as_array = normalize(
            Path(root) / "array", {"a.json": f"[{','.join(lines)}]".encode()}, batch_bytes=batch_bytes, workers=1
        )

        assert_conserved(as_lines)
        assert as_lines.dump.records_read == len(records)
        assert as_array.dump.reasons == as_lines.dump.reasons
        assert as_array.dump.accepted == as_lines.dump.accepted


@few
@given(
    values=st.lists(st.none() | st.text(max_size=5) | st.just("Active"), min_size=1, max_size=5), data=st.data()
)
def test_of_parquet_rows(values: list[Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["recordStatus", "commentId", "customerEmail"]))
    columns = {key: [value] * len(values) for key, value in comment(1).items()} | {name: values}
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({key: pa.array(column, pa.string() if key == name else None) for key, column in columns.items()}),
        buffer,
    )

    with TemporaryDirectory() as root:
        outcome = normalize(Path(root), {"a.parquet": buffer.getvalue()}, workers=1)

        assert_conserved(outcome)
        assert outcome.dump.records_read == len(values)

"""Compressed files: read to their end, or refused with file and offset."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError, ExpansionBound, normalize_dump
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, comment, deliver, ndjson, normalize

PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd.compress}
LINES = ndjson(*(comment(n) for n in range(50)))

both = pytest.mark.parametrize("ending", PACK)


@both
@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.csv"])
def test_every_text_format_may_be_compressed(tmp_path: Path, name: str, ending: str) -> None:
    content = {
        "a.ndjson": LINES,
        "a.json": json.dumps([comment(n) for n in range(50)]).encode(),
        "a.csv": b"".join(
            [
                ",".join(comment(0)).encode(),
                b"\n",
                *(",".join(map(str, comment(n).values())).encode() + b"\n" for n in range(50)),
            ]
        ),
    }[name]

    outcome = normalize(tmp_path, {f"{name}.{ending}": PACK[ending](content)}, batch_bytes=1_000)

    assert (outcome.dump.accepted, outcome.dump.records_read) == (50, 50)


@both
def test_concatenated_members_are_one_file(tmp_path: Path, ending: str) -> None:
    pack = PACK[ending]
    content = pack(LINES[:100]) + pack(b"") + pack(LINES[100:])

    assert normalize(tmp_path, {f"a.ndjson.{ending}": content}).dump.accepted == 50


@both
@pytest.mark.parametrize(
    ("damage", "fact"),
    [
        pytest.param(lambda packed: packed[:-1], "cut short", id="cut within the checksum"),
        pytest.param(lambda packed: packed[: len(packed) // 2], "cut short", id="cut in the middle"),
        pytest.param(lambda packed: packed + packed[:20], "cut short", id="cut in a second member"),
        pytest.param(lambda _: b"", "cut short", id="no bytes: an empty file would be a dump of nothing"),
        pytest.param(lambda packed: packed + b"not a member", "corrupt", id="other bytes after it"),
        pytest.param(lambda _: LINES, "corrupt", id="not compressed at all"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_fatal(
    tmp_path: Path, ending: str, damage: Callable[[bytes], bytes], fact: str
) -> None:
    good = {"b.ndjson": LINES}

    with pytest.raises(DumpUnreadableError, match=rf"^a\.ndjson\.{ending}, offset \d+: {fact}"):
        normalize(tmp_path, good | {f"a.ndjson.{ending}": damage(PACK[ending](LINES))})

    assert not [path for path in (tmp_path / "lake").rglob("*") if path.is_file()]


def test_a_wrong_checksum_is_fatal(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[-8] ^= 1

    with pytest.raises(DumpUnreadableError, match="corrupt gz data in the member from offset 0"):
        normalize(tmp_path, {"a.ndjson.gz": bytes(packed)})


@pytest.mark.full
@both
@pytest.mark.parametrize(
    ("bound", "fact"),
    [
        (ExpansionBound(ratio=10), "expands to more than 10 times its size"),
        (ExpansionBound(bytes=1 << 20), "expands to more than the limit of 1048576 bytes"),
    ],
    ids=["by ratio", "by size"],
)
def test_a_file_that_expands_beyond_a_limit_is_fatal(
    tmp_path: Path, ending: str, bound: ExpansionBound, fact: str
) -> None:
    pack = PACK[ending]
    bomb = pack(b"\n" * (1 << 20)) * 300
    files = deliver(tmp_path / "dump", {f"a.ndjson.{ending}": bomb})

    with pytest.raises(DumpUnreadableError, match=fact):
        normalize_dump(
            COMMENT,
            DUMP_DATE,
            tmp_path / "dump",
            files,
            tmp_path / "lake",
            NormalizationSettings(),
            expansion=bound,
        )

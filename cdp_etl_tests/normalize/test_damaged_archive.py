"""Damage in the archive: nothing of it reaches the lake, and the partner is not blamed."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import ArchiveDamagedError, latest_normalized, normalize_dump
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, comment, deliver, ndjson

PLAIN = ndjson(comment(1, content="first"), comment(2, content="second"))


def changed(before: bytes, after: bytes) -> Callable[[Path], object]:
    """Return a function that changes bytes of a file and not its size."""
    assert len(before) == len(after)
    return lambda path: path.write_bytes(path.read_bytes().replace(before, after))


@pytest.mark.parametrize(
    ("name", "content", "damage", "fact"),
    [
        pytest.param("a.ndjson", PLAIN, changed(b"second", b"sec0nd"), "other bytes", id="still a valid record"),
        pytest.param("a.ndjson", PLAIN, changed(b"}", b"\0"), "other bytes", id="no record any more"),
        pytest.param(
            "a.ndjson.gz",
            gzip.compress(PLAIN),
            lambda path: path.write_bytes(path.read_bytes()[:-20]),
            "other bytes",
            id="truncated",
        ),
        pytest.param("a.parquet", b"PAR1", lambda path: path.write_bytes(b""), "other bytes", id="empty"),
        pytest.param("a.ndjson", PLAIN, Path.unlink, "is missing", id="missing"),
    ],
)
def test_a_file_that_is_not_what_was_pulled_is_damage_of_the_archive(
    tmp_path: Path, name: str, content: bytes, damage: Callable[[Path], object], fact: str
) -> None:
    files = deliver(tmp_path / "dump", {name: content})
    damage(tmp_path / "dump" / name)

    with pytest.raises(ArchiveDamagedError) as raised:
        normalize_dump(COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", NormalizationSettings())

    assert f"the archive is damaged, which is no fault of the partner: {name}" in str(raised.value)
    assert fact in str(raised.value)
    assert "`cdp-etl run --deep --entity customer-product-comment --from " in str(raised.value)
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) is None

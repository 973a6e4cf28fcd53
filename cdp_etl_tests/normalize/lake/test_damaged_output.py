"""Damage in the lake: a folder's name alone is never trusted, and normalizing again replaces what is damaged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import NormalizedDump, OutputDamagedError, latest_normalized, normalize_dump, require_intact
from cdp_etl.normalize.lake.history import newest_dumps
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, comment, ndjson, normalize

DUMP = {"a.ndjson": ndjson(comment(1), comment(1, content="newer"), comment(2), {"commentId": 3})}
COMMAND = rf"`cdp-etl run --entity customer-product-comment --from {DUMP_DATE} --force`"


def part(dump: NormalizedDump, name: str = "accepted") -> Path:
    return dump.directory / name / "part-000000.parquet"


def flip_a_bit(path: Path) -> None:
    """Change one bit in the middle of a file, so that its size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def of_another_dump(path: Path) -> None:
    """Make a summary that of another dump."""
    path.write_text(json.dumps(json.loads(path.read_text()) | {"content_fingerprint": "0" * 64}))


DAMAGES = {
    "empty summary": lambda dump: (dump.directory / "summary.json").write_bytes(b""),
    "half a summary": lambda dump: (dump.directory / "summary.json").write_text(dump.to_json()[:200]),
    "other JSON": lambda dump: (dump.directory / "summary.json").write_bytes(b'{"files": 1}'),
    "binary summary": lambda dump: (dump.directory / "summary.json").write_bytes(b"\xff\x00"),
    "summary of another dump": lambda dump: of_another_dump(dump.directory / "summary.json"),
    "missing part": lambda dump: part(dump).unlink(),
    "empty part": lambda dump: part(dump).write_bytes(b""),
    "missing folder of parts": lambda dump: shutil.rmtree(dump.directory / "superseded"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_output_is_named_with_its_command_and_normalized_again(
    tmp_path: Path, damage: Callable[[NormalizedDump], object]
) -> None:
    before = normalize(tmp_path, DUMP)
    accepted = before.accepted
    damage(before.dump)

    with pytest.raises(OutputDamagedError, match=COMMAND):
        latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)
    assert newest_dumps(tmp_path / "lake", COMMENT, 9) == []

    again = normalize(tmp_path, DUMP)

    assert (again.dump, latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)) == (before.dump, before.dump)
    assert again.accepted.equals(accepted)


def test_a_folder_without_a_summary_is_replaced(tmp_path: Path) -> None:
    before = normalize(tmp_path, DUMP).dump
    (before.directory / "summary.json").unlink()

    assert normalize(tmp_path, DUMP).dump == before


@pytest.mark.parametrize("content", ["", "\0\0\0", "summary.json"])
def test_a_damaged_pointer_is_named_with_its_command_and_set_again(tmp_path: Path, content: str) -> None:
    before = normalize(tmp_path, DUMP).dump
    before.directory.with_name("latest").write_text(content)

    with pytest.raises(OutputDamagedError, match=COMMAND):
        latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)

    assert normalize(tmp_path, DUMP).dump == before
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == before


@pytest.mark.parametrize("name", ["accepted", "superseded", "quarantined"])
def test_a_flipped_bit_is_found_by_the_hash_and_rebuilt(tmp_path: Path, name: str) -> None:
    dump = normalize(tmp_path, DUMP).dump
    intact = part(dump, name).read_bytes()
    require_intact(tmp_path / "lake", COMMENT, dump)
    flip_a_bit(part(dump, name))

    with pytest.raises(OutputDamagedError, match=f"{name}/part-000000.parquet in the lake is damaged"):
        require_intact(tmp_path / "lake", COMMENT, dump)

    files = list(dump.files)
    rebuilt = normalize_dump(
        COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", NormalizationSettings(), rebuild=True
    )
    require_intact(tmp_path / "lake", COMMENT, rebuilt)
    assert len(part(rebuilt, name).read_bytes()) == len(intact)


def test_a_rebuild_does_not_change_which_output_is_the_latest(tmp_path: Path) -> None:
    first = normalize(tmp_path, DUMP).dump
    second = normalize(tmp_path, DUMP | {"b.ndjson": b""}).dump
    flip_a_bit(part(first))

    files = list(first.files)
    normalize_dump(
        COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", NormalizationSettings(), rebuild=True
    )

    require_intact(tmp_path / "lake", COMMENT, first)
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == second


def test_an_output_of_an_older_version_without_hashes_is_checked_by_its_rows(tmp_path: Path) -> None:
    dump = normalize(tmp_path, DUMP).dump
    summary = json.loads((dump.directory / "summary.json").read_text())
    del summary["parts"]
    (dump.directory / "summary.json").write_text(json.dumps(summary))
    former = latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)
    assert former is not None
    assert former.parts == ()
    require_intact(tmp_path / "lake", COMMENT, former)

    part(dump).unlink()

    with pytest.raises(OutputDamagedError, match="does not have 2 rows"):
        require_intact(tmp_path / "lake", COMMENT, former)

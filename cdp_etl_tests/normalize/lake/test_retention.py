"""Retention of the lake: which outputs are deleted, and which never are."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import pytest

from cdp_etl.entities import ENTITIES
from cdp_etl.normalize import NormalizedDump, PrunedOutput, dump_folder, latest_normalized, prune_lake
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, comment, ndjson, normalize

TODAY = date(2026, 3, 31)


@pytest.fixture
def outputs(tmp_path: Path) -> list[NormalizedDump]:
    """Write three outputs of one dump, all on 2 March."""
    written = [normalize(tmp_path, {"a.ndjson": ndjson(*map(comment, range(count)))}).dump for count in (1, 2, 3)]
    written_on = datetime(2026, 3, 2, 12).timestamp()  # noqa: DTZ001 - noon is the same day everywhere near
    for output in written:
        os.utime(output.directory, (written_on, written_on))
    return written


def prune(
    root: Path, *referenced: NormalizedDump, keep_days: int | None = 7, dry_run: bool = False
) -> list[PrunedOutput]:
    keys = {(COMMENT.table, DUMP_DATE, one.content_fingerprint) for one in referenced}
    return prune_lake(root / "lake", ENTITIES, keys, keep_days, TODAY, dry_run=dry_run)


def test_unreferenced_outputs_are_deleted_but_not_the_latest(
    tmp_path: Path, outputs: list[NormalizedDump]
) -> None:
    pruned = prune(tmp_path)

    assert {one.fingerprint for one in pruned} == {one.content_fingerprint for one in outputs[:2]}
    assert all(one.bytes > 0 and (one.entity, one.dump_date) == (COMMENT.name, DUMP_DATE) for one in pruned)
    assert [one.directory.exists() for one in outputs] == [False, False, True]
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == outputs[2]


def test_outputs_that_the_ledger_references_are_retained(tmp_path: Path, outputs: list[NormalizedDump]) -> None:
    prune(tmp_path, outputs[0])

    assert [one.directory.exists() for one in outputs] == [True, False, True]


def test_a_dry_run_returns_the_same_and_deletes_nothing(tmp_path: Path, outputs: list[NormalizedDump]) -> None:
    would = prune(tmp_path, dry_run=True)
    assert all(one.directory.exists() for one in outputs)

    assert prune(tmp_path) == would


@pytest.mark.parametrize(
    "keep_days", [pytest.param(29, id="to the day"), pytest.param(None, id="for ever if it is not set")]
)
def test_outputs_within_the_retention_period_are_retained(
    tmp_path: Path, outputs: list[NormalizedDump], keep_days: int | None
) -> None:
    assert prune(tmp_path, keep_days=keep_days) == []
    assert all(one.directory.exists() for one in outputs)


def test_a_deletion_that_was_killed_is_finished(tmp_path: Path, outputs: list[NormalizedDump]) -> None:
    half = outputs[0].directory.with_name(f".going-{outputs[0].content_fingerprint}")
    outputs[0].directory.rename(half)

    prune(tmp_path)

    assert not half.exists()


def test_content_delivered_again_after_its_deletion_is_normalized_again(
    tmp_path: Path, outputs: list[NormalizedDump]
) -> None:
    prune(tmp_path)

    again = normalize(tmp_path, {"a.ndjson": ndjson(comment(0))})

    assert again.dump == outputs[0]
    assert again.accepted["comment_id"].to_list() == ["0"]


def test_an_output_that_a_run_reused_today_is_retained_although_another_is_the_latest(
    tmp_path: Path, outputs: list[NormalizedDump]
) -> None:
    """The run has not loaded it yet, so the ledger does not reference it."""
    normalize(tmp_path, {"a.ndjson": ndjson(comment(0))})
    normalize(tmp_path, {"a.ndjson": ndjson(*map(comment, range(3)))})

    prune(tmp_path)

    assert [one.directory.exists() for one in outputs] == [True, False, True]


def test_a_prune_waits_for_a_run_that_is_about_to_reuse_an_output(
    tmp_path: Path, outputs: list[NormalizedDump]
) -> None:
    lake = dump_folder(tmp_path / "lake", COMMENT, DUMP_DATE)
    with ThreadPoolExecutor(1) as pool:
        with lake.lock():
            pruning = pool.submit(prune, tmp_path)
            with pytest.raises(TimeoutError):
                pruning.result(timeout=0.3)
            assert all(one.directory.exists() for one in outputs)
            lake.set_latest(outputs[0])
        pruning.result()

    assert [one.directory.exists() for one in outputs] == [True, False, False]


def test_a_deletion_that_was_killed_is_finished_also_without_a_retention(
    tmp_path: Path, outputs: list[NormalizedDump]
) -> None:
    half = outputs[0].directory.with_name(f".going-{outputs[0].content_fingerprint}")
    outputs[0].directory.rename(half)

    assert prune(tmp_path, keep_days=None) == []
    assert not half.exists()

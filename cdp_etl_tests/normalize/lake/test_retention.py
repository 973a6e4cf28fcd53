"""What the lake lets go of, and what it never does."""

import os
from datetime import date, datetime
from pathlib import Path

import pytest

from cdp_etl.entities import ENTITIES
from cdp_etl.normalize import NormalizedDump, PrunedOutcome, latest_normalized, prune_lake
from cdp_etl_tests.normalize.delivering import COMMENT, DUMP_DATE, comment, ndjson, normalize

TODAY = date(2026, 3, 31)


@pytest.fixture
def outcomes(tmp_path: Path) -> list[NormalizedDump]:
    """Three outcomes of one dump, all made on 2 March."""
    made = [normalize(tmp_path, {"a.ndjson": ndjson(*map(comment, range(count)))}).dump for count in (1, 2, 3)]
    made_on = datetime(2026, 3, 2, 12).timestamp()  # noqa: DTZ001 - noon is the same day everywhere near
    for outcome in made:
        os.utime(outcome.directory, (made_on, made_on))
    return made


def prune(
    root: Path, *referred_to: NormalizedDump, keep_days: int | None = 7, dry_run: bool = False
) -> list[PrunedOutcome]:
    named = {(COMMENT.table, DUMP_DATE, one.content_fingerprint) for one in referred_to}
    return prune_lake(root / "lake", ENTITIES, named, keep_days, TODAY, dry_run=dry_run)


def test_what_nothing_refers_to_goes_and_the_latest_stays(tmp_path: Path, outcomes: list[NormalizedDump]) -> None:
    pruned = prune(tmp_path)

    assert {one.fingerprint for one in pruned} == {one.content_fingerprint for one in outcomes[:2]}
    assert all(one.bytes > 0 and (one.entity, one.dump_date) == (COMMENT.name, DUMP_DATE) for one in pruned)
    assert [one.directory.exists() for one in outcomes] == [False, False, True]
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == outcomes[2]


def test_what_the_ledger_refers_to_stays(tmp_path: Path, outcomes: list[NormalizedDump]) -> None:
    prune(tmp_path, outcomes[0])

    assert [one.directory.exists() for one in outcomes] == [True, False, True]


def test_a_dry_run_says_the_same_and_removes_nothing(tmp_path: Path, outcomes: list[NormalizedDump]) -> None:
    would = prune(tmp_path, dry_run=True)
    assert all(one.directory.exists() for one in outcomes)

    assert prune(tmp_path) == would


@pytest.mark.parametrize(
    "keep_days", [pytest.param(29, id="to the day"), pytest.param(None, id="for ever where it is not set")]
)
def test_what_is_to_be_kept_is_kept(tmp_path: Path, outcomes: list[NormalizedDump], keep_days: int | None) -> None:
    assert prune(tmp_path, keep_days=keep_days) == []
    assert all(one.directory.exists() for one in outcomes)


def test_what_a_killed_run_was_removing_is_removed(tmp_path: Path, outcomes: list[NormalizedDump]) -> None:
    half = outcomes[0].directory.with_name(f".going-{outcomes[0].content_fingerprint}")
    outcomes[0].directory.rename(half)

    prune(tmp_path)

    assert not half.exists()


def test_content_that_comes_back_after_it_went_is_normalized_again(
    tmp_path: Path, outcomes: list[NormalizedDump]
) -> None:
    prune(tmp_path)

    again = normalize(tmp_path, {"a.ndjson": ndjson(comment(0))})

    assert again.dump == outcomes[0]
    assert again.accepted["comment_id"].to_list() == ["0"]

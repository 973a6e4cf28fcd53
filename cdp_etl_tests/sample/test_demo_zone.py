"""The sample landing zone that is committed."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cdp_etl.entities import BY_NAME
from cdp_etl.sample.demo_zone import CONTRACT_SAMPLE_COMMENT, DAYS, FIRST_DAY, write_demo_zone
from cdp_etl_tests.sample.reading import content, judged, records

COMMITTED = Path(__file__).parents[2] / "data" / "landing"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("landing")
    subprocess.run([sys.executable, "-m", "cdp_etl.sample", str(out)], check=True)
    return out


def test_the_command_writes_what_is_committed(written: Path) -> None:
    """Compared decompressed: another machine's compressor may pack the same content otherwise."""
    made, committed = (
        {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
        for root in (written, COMMITTED)
    )

    assert made.keys() == committed.keys()
    for name, path in made.items():
        if path.suffix == ".parquet":
            assert_frame_equal(pl.read_parquet(path), pl.read_parquet(committed[name]))
        else:
            assert content(path) == content(committed[name]), name


def test_every_committed_dump_comes_to_what_is_expected_of_it(tmp_path: Path) -> None:
    expectations = write_demo_zone(tmp_path)

    assert len(expectations) == DAYS * len(BY_NAME)
    for expected in expectations:
        folder = COMMITTED / expected.entity / expected.dump_date.isoformat()
        found = judged(folder, BY_NAME[expected.entity], expected.dump_date)
        for figure in ("read", "accepted", "superseded", "quarantined", "with_warnings", "reasons"):
            assert getattr(found, figure) == getattr(expected, figure), (folder.name, figure)


def test_the_contracts_own_comment_is_in_one_dump() -> None:
    entity = BY_NAME["customer-product-comment"]
    days = [date.fromordinal(FIRST_DAY.toordinal() + number) for number in range(DAYS)]

    folders = {day: COMMITTED / entity.name / day.isoformat() for day in days}
    holding = [day for day, folder in folders.items() if CONTRACT_SAMPLE_COMMENT in records(folder, entity)]
    assert holding == [FIRST_DAY]


def test_the_committed_zone_is_small() -> None:
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < 2_500_000

"""The committed sample landing zone."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cdp_etl.entities import BY_NAME
from cdp_etl.sample.demo_zone import CONTRACT_SAMPLE_COMMENT, DAYS, FIRST_DAY, write_demo_zone
from cdp_etl_tests.sample.reference_reader import content, count_records, records

COMMITTED = Path(__file__).parents[2] / "data" / "landing"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("landing")
    subprocess.run([sys.executable, "-m", "cdp_etl.sample", str(out)], check=True)
    return out


def test_the_command_reproduces_the_committed_files(written: Path) -> None:
    """Compare decompressed content, because compressors on other machines may produce other bytes."""
    generated, committed = (
        {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
        for root in (written, COMMITTED)
    )

    assert generated.keys() == committed.keys()
    for name, path in generated.items():
        if path.suffix == ".parquet":
            assert_frame_equal(pl.read_parquet(path), pl.read_parquet(committed[name]))
        else:
            assert content(path) == content(committed[name]), name


@pytest.mark.full
def test_every_committed_dump_has_its_expected_counts(tmp_path: Path) -> None:
    expectations = write_demo_zone(tmp_path)

    assert len(expectations) == DAYS * len(BY_NAME)
    for expected in expectations:
        folder = COMMITTED / expected.entity / expected.dump_date.isoformat()
        actual = count_records(folder, BY_NAME[expected.entity], expected.dump_date)
        for count in ("read", "accepted", "superseded", "quarantined", "with_warnings", "reasons"):
            assert getattr(actual, count) == getattr(expected, count), (folder.name, count)


def test_the_sample_of_the_contract_is_in_one_dump() -> None:
    entity = BY_NAME["customer-product-comment"]
    days = [date.fromordinal(FIRST_DAY.toordinal() + number) for number in range(DAYS)]

    folders = {day: COMMITTED / entity.name / day.isoformat() for day in days}
    holding = [day for day, folder in folders.items() if CONTRACT_SAMPLE_COMMENT in records(folder, entity)]
    assert holding == [FIRST_DAY]


def test_the_committed_zone_is_small() -> None:
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < 2_500_000

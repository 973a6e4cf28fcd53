"""The soak (`make soak`): a small sample runs and is resumed, and planted wrong values are found.

The sample uses the installed DuckDB, because other versions are downloaded.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.marts.refresh import refresh_marts
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *options: object) -> str:
    """Run a script of the soak and return its output."""
    command = [sys.executable, str(BENCHMARKS / script), *map(str, options)]
    return subprocess.check_output(command, text=True)


def failures(script: str, *options: object) -> list[str]:
    """Run a script that prints a JSON list of sentences."""
    found: list[str] = json.loads(run(script, *options))
    return found


@pytest.fixture
def refreshed(tmp_path: Path) -> Loader:
    """Return a loader whose warehouse has marts of two interactions."""
    loader = Loader(tmp_path)
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2", identifiers=["c:2"])])
    refresh_marts(loader.warehouse, loader.settings)
    return loader


@pytest.mark.full
def test_a_history_of_one_day_is_replayed_compared_and_not_replayed_again(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    options = [
        "--minutes",
        10,
        "--versions",
        duckdb.__version__,
        "--work",
        tmp_path / "work",
        "--results",
        results,
    ]
    options += ["--histories", 1, "--processes", 1, "--history", 1, 20]

    summary = run("soak.py", *options)
    lines: list[dict[str, Any]] = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    again = run("soak.py", *options)

    steps = [line for line in lines if "step" in line]
    assert len(steps) >= 2
    assert all(line["failures"] == [] for line in steps)
    assert [line["end"] for line in lines if "end" in line] == ["complete"]
    assert [line["differences"] for line in lines if "compared" in line] == [[]]
    assert f"| {duckdb.__version__} | 1 |" in summary
    assert again == summary
    assert not list((tmp_path / "work").glob("seed-*"))


@pytest.mark.full
def test_a_fresh_process_finds_a_planted_timestamp_and_names_its_mart(refreshed: Loader, tmp_path: Path) -> None:
    warehouse = refreshed.warehouse.path
    with refreshed.warehouse.writing() as connection:
        connection.execute(
            "UPDATE mart_storage.customer SET last_at = TIMESTAMPTZ '1650-01-01' WHERE person_id = 'c:1'"
        )
        connection.execute("UPDATE ops.metadata SET value = 'Asia/Ho_Chi_Minh' WHERE value = 'UTC'")

    (tmp_path / "plan.json").write_text("[]")
    found = failures("soak_verify.py", warehouse, tmp_path / "export", tmp_path)

    assert any(
        one.startswith("marts.customer: equals_its_rebuild failed (all rows): 1 rows that only") for one in found
    ), found
    assert {path.stem for path in (tmp_path / "export").iterdir()} >= {"customer", "interaction"}


@pytest.mark.full
def test_rows_that_differ_between_versions_are_counted_in_both_directions(
    refreshed: Loader, tmp_path: Path
) -> None:
    one, other = tmp_path / "2.0.1" / "step-1", tmp_path / "1.5.6" / "step-1"
    one.mkdir(parents=True)
    with refreshed.warehouse.reading() as connection:
        for mart in ("customer", "interaction"):
            connection.execute(f"COPY (FROM marts.{mart}) TO '{one}/{mart}.parquet'")
        shutil.copytree(one, other)
        connection.execute(f"COPY (FROM marts.customer LIMIT 1) TO '{other}/customer.parquet'")
    (one.parent / "step-2").mkdir()

    found = failures("soak_compare.py", one.parent, other.parent)

    assert found == ["step-1/customer.parquet: 1 rows only in 2.0.1, 0 only in 1.5.6"]

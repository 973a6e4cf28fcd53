"""The benchmark of normalization runs and writes its report; no test asserts its figures."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "normalize.py"


@pytest.mark.full
def test_a_small_run_writes_a_report(tmp_path: Path) -> None:
    out = tmp_path / "results.md"
    options = ["--rows", "200", "--runs", "1", "--memory-rows", "200", "--out", str(out)]
    # Not "entities": it measures six dumps as "large" does, and each process costs two CPU seconds.
    options += ["--groups", "large", "workers", "formats", "alternatives", "memory"]

    subprocess.run([sys.executable, BENCHMARK, *options], check=True)

    report = out.read_text("utf-8")
    rows = [line.split("|")[1].strip() for line in report.splitlines() if line.startswith("|")]
    named = {
        "both paths",
        "reference path alone",
        "NDJSON .zst",
        "CSV",
        "Parquet",
        "200 records",
        "16 NDJSON files",
    }
    assert named <= set(rows)

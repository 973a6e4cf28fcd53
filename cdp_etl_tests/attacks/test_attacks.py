"""A sample of the attacks of `make bench-attacks`, at full size: memory, time, and an answer."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "attacks.py"
MAX_MIB = 1024


@pytest.mark.full
@pytest.mark.parametrize(
    ("attack", "answer"),
    [
        ("Parquet: one value of 1 MB", "expands to more than 200 times its size"),
        ("Parquet: 20 million rows", "expands to more than 200 times its size"),
        ("NDJSON: a million keys", "0 accepted, 1 quarantined"),
        ("NDJSON: 30 MB of newlines", "0 accepted, 0 quarantined"),
        ("zstd: 300,000 empty frames", "0 accepted, 0 quarantined"),
        ("CSV: 100,000 columns", "100001 columns; expected at most 5000"),
        ("SFTP: NestsWithoutEnd", "more than 20 levels of subfolders"),
    ],
)
def test_an_attack_is_answered_within_the_bounds(tmp_path: Path, attack: str, answer: str) -> None:
    out = tmp_path / "results.md"

    environment = os.environ | {"PYTHONPATH": str(BENCHMARK.parents[1])}
    subprocess.run([sys.executable, BENCHMARK, "--only", attack, "--out", out], check=True, env=environment)

    (row,) = [line for line in out.read_text("utf-8").splitlines() if line.startswith(f"| {attack}")]
    _, _, _, _, cpu, allowed, peak, told, _ = re.split(r" ?\| ?", row)
    assert answer in told
    assert float(peak) <= MAX_MIB
    assert float(cpu) <= float(allowed)

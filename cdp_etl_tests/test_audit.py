"""`make audit` says what was audited, and never takes "not found" for "not vulnerable"."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci/audit"
CLEAN = {"name": "polars", "version": "1", "vulns": []}
SKIPPED = {"name": "duckdb", "skip_reason": "Dependency not found on PyPI and could not be audited"}
FAULT = {"id": "PYSEC-1", "fix_versions": ["3.1"]}
VULNERABLE = {"name": "jinja2", "version": "2.4.1", "vulns": [FAULT]}
NOT_AUDITED = "x.lock: not audited. pip-audit, or the list that it asks, cannot be reached from here."


@pytest.mark.parametrize(
    ("dependencies", "status", "lines"),
    [
        pytest.param(None, 0, [NOT_AUDITED]),
        pytest.param([SKIPPED], 0, [NOT_AUDITED]),
        pytest.param([CLEAN, SKIPPED], 0, ["x.lock: 0 known vulnerabilities; 1 of 2 packages audited."]),
        pytest.param(
            [CLEAN, VULNERABLE],
            1,
            ["jinja2 2.4.1: PYSEC-1, fixed in 3.1", "x.lock: 1 known vulnerabilities; 2 of 2 packages audited."],
        ),
    ],
    ids=["no pip-audit", "no list", "clean", "vulnerable"],
)
def test_the_result_is_what_was_audited(
    tmp_path: Path, dependencies: list[dict[str, Any]] | None, status: int, lines: list[str]
) -> None:
    uv = tmp_path / "uv"
    answer = tmp_path / "answer.json"
    if dependencies is not None:
        answer.write_text(json.dumps({"dependencies": dependencies}), encoding="utf-8")
    uv.write_text(f'#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done\ncp {answer} "$2"\n', encoding="utf-8")
    uv.chmod(0o700)

    ended = subprocess.run(
        [sys.executable, SCRIPT, uv, "x.lock"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (ended.returncode, ended.stdout.splitlines(), ended.stderr) == (status, lines, "")

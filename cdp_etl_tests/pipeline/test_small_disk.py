"""A real disk that fills up, at some twenty points of pull, normalize, load and backup."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = "cdp_etl_tests.pipeline.small_disk"


@pytest.mark.system  # needs the right to mount in a user namespace
def test_a_disk_that_is_full_at_any_point_loses_nothing_and_the_load_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-m", MODULE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    (_, first), *rounds = [json.loads(line) for line in ended.stdout.splitlines()]
    assert first == "done"
    assert rounds[-1][1] == "done"
    failed = [sentence for _, sentence in rounds if sentence != "done"]
    assert len(failed) > 5
    assert [sentence for sentence in failed if not ("free" in sentence and str(tmp_path) in sentence)] == []
    assert [sentence for sentence in failed if "UNEXPECTED" in sentence] == []

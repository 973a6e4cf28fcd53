"""Commands in a pipe: the same bytes whatever the terminal is, and a quiet end if the reader leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_COMMAND = (sys.executable, "-m", "cdp_etl.cli")


def piped(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a folder with pipes as standard output and error."""
    return subprocess.run(
        [*_COMMAND, *arguments], cwd=folder, env=os.environ | variables, capture_output=True, check=False
    )


def test_the_output_in_a_pipe_does_not_depend_on_the_terminal(tmp_path: Path) -> None:
    narrow = piped(tmp_path, "settings", COLUMNS="40", LINES="5", TERM="xterm-256color", LESS="-X")
    none = piped(tmp_path, "settings", COLUMNS="", TERM="dumb")

    assert (narrow.returncode, narrow.stdout, narrow.stderr) == (0, none.stdout, b"")
    assert none.stdout.count(b"\n") > 50
    assert b"\x1b" not in narrow.stdout


@pytest.mark.parametrize(("arguments", "code"), [(("status",), 0), (("sql", "SELECT 1"), 1), (("sql",), 2)])
def test_the_exit_status_in_a_pipe_says_how_the_command_ended(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    """There is no warehouse and no snapshot yet, and `sql` without a query is a shell only on a terminal."""
    ended = piped(tmp_path, *arguments)

    assert ended.returncode == code
    assert b"Traceback" not in ended.stderr
    assert (ended.stdout == b"") == (code != 0)


def test_a_reader_that_leaves_ends_the_command_without_a_word(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [*_COMMAND, "settings", "--json"], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, b"")

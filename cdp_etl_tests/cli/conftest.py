"""Fixtures: `cdp-etl` in an empty folder, run in the test process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdp_etl.cli import main
from cdp_etl.settings import Settings, variable
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.marts.published import move


@dataclass(frozen=True)
class CommandResult:
    """Exit status and output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., CommandResult]


_LIMITS = {"CDP_ETL_MEMORY_LIMIT": "500MiB", "CDP_ETL_THREADS": "1"}


@pytest.fixture
def cdp_etl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command in an empty folder, without variables except limits for tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    for name, value in _LIMITS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # a command replaces it; restore it after the test

    def run(*arguments: str) -> CommandResult:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["cdp-etl", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        code = end.value.code
        return CommandResult(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def loaded_folder(template_folder: Template) -> Path:
    """Generate and load two dates of all entities, once for all test processes."""
    return template_folder("loaded", _load)


def _load(folder: Path) -> None:
    _make("generate --out data/landing --from 2026-03-01 --days 2 --rows 60 --dirty 0.1", folder)
    _make("run --from 2026-03-01 --to 2026-03-02", folder)


def _make(arguments: str, folder: Path) -> None:
    """Run a command in its own process, because fixtures of single tests are not available here."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CDP_ETL_")}
    command = [sys.executable, "-m", "cdp_etl.cli", *arguments.split()]
    subprocess.run(command, cwd=folder, env=variables | _LIMITS, check=True, capture_output=True)


@pytest.fixture
def loaded(cdp_etl: Command, loaded_folder: Path, tmp_path: Path) -> Command:
    """Return the command in a copy of the folder with two loaded dates of all entities."""
    shutil.copytree(loaded_folder / "data", tmp_path / "data")
    move(tmp_path / "data/published")
    return cdp_etl

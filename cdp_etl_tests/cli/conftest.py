"""Fixtures: `cdp-etl` in an empty folder, run in the test process."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from cdp_etl.cli import main
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.in_process import InProcessJobs, RunResult
from cdp_etl.entities import ENTITIES
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.dump_pipeline import DumpOutcome, DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl.settings import Settings, load_settings, variable
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS


@dataclass(frozen=True)
class CommandResult:
    """Exit status and output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., CommandResult]


_LIMITS = {"CDP_ETL_MEMORY_LIMIT": "500MiB", "CDP_ETL_THREADS": "1"}


@contextmanager
def commands_in(folder: Path) -> Iterator[Command]:
    """Return a function that runs a command in a folder, without variables except limits for tests."""
    umask = os.umask(0o022)  # a command sets another one
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))

    def run(*arguments: str) -> CommandResult:
        patch.setattr(sys, "argv", ["cdp-etl", *arguments])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return CommandResult(code if isinstance(code, int) else 0, _take(out), _take(err))

    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(variable(name), raising=False)
        for name, value in _LIMITS.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "excepthook", sys.excepthook)  # a command replaces it
        yield run
    os.umask(umask)


def _take(stream: io.TextIOWrapper) -> str:
    """Return what was written to a stream, and empty it."""
    stream.seek(0)
    text = stream.read()
    stream.seek(0)
    stream.truncate()
    return text


@pytest.fixture
def cdp_etl(tmp_path: Path) -> Iterator[Command]:
    """Return a function that runs a command in an empty folder, without variables except limits for tests."""
    with commands_in(tmp_path) as run:
        yield run


def load_dump(day: date = FIRST, entity: Entity = SMS, *, force: bool = False) -> DumpOutcome:
    """Load one dump under the current settings without Dagster, for tests of the commands after it."""
    restrict_new_files()  # as a command does
    request = DumpRequest(entity, day, LOAD_LAYERS, force=force)
    return process_dump(load_settings(), request, lambda _: None)


def publish_marts() -> None:
    """Refresh and publish the marts under the current settings without Dagster."""
    settings = load_settings()
    restrict_new_files()  # as a command does
    publish(settings.open_warehouse(), settings.published, settings.mart_settings(), settings.publish_rules())


@pytest.fixture
def marts_without_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands refresh and publish the marts without a run of the job `marts`, which takes four times as long.

    This is for tests of what a command loads and prints. Each command has another test that runs the job.
    """

    def refresh_marts(_jobs: InProcessJobs, _first: date, _last: date) -> RunResult:
        publish_marts()
        return RunResult("", [])

    monkeypatch.setattr(InProcessJobs, "refresh_marts", refresh_marts)


@pytest.fixture(scope="session")
def loaded_folder(template_folder: Template) -> Path:
    """Load two generated dates of all entities, once for all test processes."""
    return template_folder("loaded", _load)


def _load(folder: Path) -> None:
    """Load the first dump by a command, which creates the files, and the others faster, without Dagster."""
    days = ("--from", "2026-03-01", "--days", "2")
    with commands_in(folder) as cdp_etl:
        assert cdp_etl("generate", "--out", "data/landing", *days, "--rows", "60", "--dirty", "0.1").code == 0
    with commands_in(folder) as cdp_etl:  # each command starts with a usual umask
        assert cdp_etl("run", "--from", "2026-03-01", "--entity", SMS.name).code == 0
        for day, entity in product((FIRST, SECOND), ENTITIES):
            if (day, entity) != (FIRST, SMS):
                assert load_dump(day, entity).error is None
        publish_marts()


@pytest.fixture
def loaded(cdp_etl: Command, loaded_folder: Path, tmp_path: Path) -> Command:
    """Return the command in a copy of the folder with two loaded dates of all entities."""
    shutil.copytree(loaded_folder / "data", tmp_path / "data")
    return cdp_etl

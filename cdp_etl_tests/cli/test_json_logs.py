"""`CDP_ETL_LOG_FORMAT=json`: standard error has only JSON lines, with run, job, entity and date."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from cdp_etl_tests.cli.conftest import Command, commands_in
from cdp_etl_tests.conftest import Template

GENERATE = ("generate", "--out", "data/landing", "--from", "2026-03-01", "--rows", "60")
SMS = ("--entity", "sms-interaction")


@pytest.fixture
def in_json(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CDP_ETL_LOG_FORMAT", "json")
    return cdp_etl


def parsed(printed: str) -> list[dict[str, Any]]:
    """Parse the lines; a line that is no JSON object fails."""
    return [json.loads(line) for line in printed.splitlines()]


@dataclass(frozen=True)
class Logged:
    """Standard error of a run, its metrics file, and what `cdp-etl metrics` printed after it."""

    err: str
    metrics_file: str
    metrics: str


@pytest.fixture(scope="session")
def logged(template_folder: Template) -> Logged:
    """Return what one run wrote, for all tests of it."""
    return Logged(**json.loads((template_folder("logged", _run) / "logged.json").read_text("utf-8")))


def _run(folder: Path) -> None:
    with commands_in(folder) as cdp_etl, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDP_ETL_LOG_FORMAT", "json")
        patch.setenv("CDP_ETL_METRICS_FILE", "collector/cdp_etl.prom")
        cdp_etl(*GENERATE, *SMS)
        ended = cdp_etl("run", "--from", "2026-03-01", *SMS)
        logged = Logged(ended.err, Path("collector/cdp_etl.prom").read_text("utf-8"), cdp_etl("metrics").out)
    (folder / "logged.json").write_text(json.dumps(asdict(logged)), encoding="utf-8")


@pytest.mark.full
def test_lines_of_stages_have_run_job_entity_and_date(logged: Logged) -> None:
    stages = {line["stage"]: line for line in parsed(logged.err) if line["message"].endswith(" done")}
    assert {"pull", "normalize", "load", "mart", "publish", "report"} == set(stages)
    loaded = stages["load"]
    assert (loaded["job"], loaded["entity"], loaded["dump_date"]) == ("load", "sms-interaction", "2026-03-01")
    assert loaded["status"] == "loaded"
    assert loaded["run_id"] == stages["pull"]["run_id"] != stages["publish"]["run_id"]
    assert stages["normalize"]["records_read"] >= 60


@pytest.mark.full
def test_metrics_are_printed_and_written_to_their_file(logged: Logged) -> None:
    line = 'cdp_etl_loads_total{entity="sms-interaction",status="loaded"} 1.0'

    assert line in logged.metrics_file.splitlines()
    assert line in logged.metrics.splitlines()


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_errors_are_json_lines_too(in_json: Command) -> None:
    folder = Path("data/landing/sms-interaction/2026-03-01")
    folder.mkdir(parents=True)
    (folder / "part-1.ndjson.gz").write_bytes(b"not gzip")

    refused = in_json("run", "--from", "2026-03-01", *SMS)
    wrong = in_json("run", "--from", "2025-03-01", *SMS)

    assert (refused.code, wrong.code) == (1, 2)
    assert any("part-1.ndjson.gz" in line["message"] for line in parsed(refused.err) if line["level"] == "error")
    assert "first dump date" in parsed(wrong.err)[-1]["message"]


@pytest.mark.full
def test_the_lowest_level_is_a_setting(in_json: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_LOG_LEVEL", "ERROR")
    in_json(*GENERATE, *SMS)

    assert in_json("run", "--from", "2026-03-01", *SMS).err == ""


@pytest.mark.parametrize(("log_format", "options"), [("json", ["--log-format", "json"]), ("text", [])])
def test_the_ui_writes_json_too(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch, log_format: str, options: list[str]
) -> None:
    """The command replaces its process by Dagster's, which the test prevents."""
    monkeypatch.setenv("CDP_ETL_LOG_FORMAT", log_format)
    started: list[list[str]] = []

    def execv(_program: str, arguments: list[str]) -> None:
        started.append(arguments)
        sys.exit()

    monkeypatch.setattr("os.execv", execv)
    monkeypatch.setenv("DAGSTER_HOME", "data/dagster")  # the command sets it; restore it after the test

    cdp_etl("ui", "--port", "3001")

    (arguments,) = started
    assert arguments[arguments.index("--port") :] == ["--port", "3001", *options]

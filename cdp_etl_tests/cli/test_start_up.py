"""Start of `cdp-etl`: light commands import no heavy packages; help, version and completion work."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from cdp_etl.cli.app import COMMANDS
from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command

HEAVY = {
    "altair",
    "asyncssh",
    "botocore",
    "dagster",
    "numba",
    "obstore",
    "polars",
    "requests",
    "scipy",
    "sqlglot",
    "vl_convert",
}
PRINT_MODULES = """
import atexit, sys
atexit.register(lambda: print("modules:", *sorted({name.partition(".")[0] for name in sys.modules})))
from cdp_etl.cli import main
main()
"""


def imported(arguments: list[str], folder: Path) -> tuple[int, set[str]]:
    """Run a command in its own process. Return its exit status and the top-level packages it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("CDP_ETL_")},
        timeout=120,
    )
    return ended.returncode, set(ended.stdout.splitlines()[-1].removeprefix("modules: ").split())


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        pytest.param(["--help"], set(), id="--help"),
        pytest.param(["-h"], set(), id="-h"),
        pytest.param(["--version"], set(), id="--version"),
        pytest.param(["settings"], set(), id="settings"),
        pytest.param(["sql", "SELECT 1"], set(), id="sql"),
        pytest.param(["status"], {"polars", "scipy"}, id="status"),
    ],
)
def test_a_light_command_imports_no_heavy_package(tmp_path: Path, arguments: list[str], allowed: set[str]) -> None:
    (tmp_path / "data/published").mkdir(parents=True)
    duckdb.connect(tmp_path / "data/published/cdp.duckdb").close()

    status, packages = imported(arguments, tmp_path)

    assert status == 0
    assert packages & HEAVY <= allowed
    assert "typer" in packages


def test_help_of_the_app_and_settings_need_no_duckdb_and_no_arrow(tmp_path: Path) -> None:
    for arguments in (["--help"], ["settings"]):
        _, packages = imported(arguments, tmp_path)

        assert packages & {"duckdb", "pyarrow", "numpy"} == set()


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("name", [[], *([name] for name in COMMANDS), ["quarantine", "replay"]])
def test_every_command_shows_its_help(cdp_etl: Command, name: list[str], option: str) -> None:
    ended = cdp_etl(*name, option)

    assert ended.code == 0
    assert "Usage: cdp-etl" in ended.out
    assert "--help" in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    command = COMMANDS[name].load(name)

    assert command.help.splitlines()[0] == COMMANDS[name].summary


def test_the_version_is_that_of_the_package(cdp_etl: Command) -> None:
    ended = cdp_etl("--version")

    assert (ended.code, ended.out) == (0, f"cdp-etl {version('cdp_etl')}\n")


def test_a_misspelled_command_gets_a_suggestion(cdp_etl: Command) -> None:
    ended = cdp_etl("statsu")

    assert ended.code == 2
    assert "Did you mean 'status'?" in ended.err


def complete(words: str) -> list[str]:
    """Return the completions that bash gets for a command line; the last word is incomplete."""
    ended = subprocess.run(
        [Path(sys.executable).with_name("cdp-etl")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {
            "_CDP_ETL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        timeout=120,
    )
    return ended.stdout.splitlines()


@pytest.mark.full
def test_commands_subcommands_and_options_are_completed() -> None:
    assert complete("cdp-etl st") == ["status"]
    assert complete("cdp-etl quarantine re") == ["replay"]
    assert "--from" in complete("cdp-etl status --f")


def test_the_completion_script_is_printed_for_the_current_shell() -> None:
    command = f"{Path(sys.executable).with_name('cdp-etl')} --show-completion"

    shown = subprocess.run(["bash", "-c", f"{command}; true"], capture_output=True, text=True, check=True)

    assert "_CDP_ETL_COMPLETE=complete_bash" in shown.stdout


def test_the_completion_script_is_installed(tmp_path: Path) -> None:
    command = f"{Path(sys.executable).with_name('cdp-etl')} --install-completion"

    subprocess.run(
        ["bash", "-c", f"{command}; true"],
        check=True,
        capture_output=True,
        env=os.environ | {"HOME": str(tmp_path)},
    )

    assert "cdp-etl" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["sql", "SELECT 1"], 0, id="a query"),
        pytest.param(["sql", "SELECT nothing"], 2, id="a rejected query"),
        pytest.param(["--debug", "sql", "SELECT nothing"], 1, id="a traceback that holds the connection"),
        pytest.param(["compact"], 0, id="a warehouse"),
        pytest.param(["status"], 0, id="a ledger"),
    ],
)
def test_nothing_follows_the_output_of_a_command(tmp_path: Path, arguments: list[str], status: int) -> None:
    """DuckDB's binding prints `nanobind: leaked …` at exit if a connection is still in use, as by a thread."""
    (tmp_path / "data/published").mkdir(parents=True)
    duckdb.connect(tmp_path / "data/published/cdp.duckdb").close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDP_ETL_")}
    warehouse = load_settings(data=tmp_path / "data", memory_limit="500MiB", threads=1).open_warehouse()
    with warehouse.writing():
        pass

    ended = subprocess.run(
        [sys.executable, "-m", "cdp_etl.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
        timeout=120,
    )

    assert ended.returncode == status
    assert "nanobind" not in ended.stderr

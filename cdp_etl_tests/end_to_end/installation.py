"""An installation as `deploy/` describes it: its dagster.yaml, its workspace, its units' commands, on loopback.

This module starts, watches and stops the three processes; `queries.py` sends requests to them.
"""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TypeVar

import yaml

from cdp_etl.settings import Settings
from cdp_etl.settings.env_source import PREFIX
from cdp_etl_tests.end_to_end.postgres import Postgres
from cdp_etl_tests.end_to_end.queries import GraphQL
from cdp_etl_tests.end_to_end.wait import wait_until
from cdp_etl_tests.landing.servers import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
PARTS = ("code", "daemon", "webserver")

# Values of the deployed dagster.yaml that would only make a test wait.
_SHORTER_WAITS = {
    ("run_monitoring", "poll_interval_seconds"): 2,
    ("run_monitoring", "free_slots_after_run_end_seconds"): 2,
}
_IMPATIENT_DAEMON = [sys.executable, "-m", "cdp_etl_tests.end_to_end.impatient_daemon"]
_LINES_OF_LOG = 40

Found = TypeVar("Found")


@dataclass
class Installation:
    """The processes of an installation, each with its log in `home`."""

    home: Path
    settings: Settings
    variables: Mapping[str, str]
    ports: Mapping[str, int]
    graphql: GraphQL
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, *parts: str) -> None:
        """Start processes, and wait until each answers."""
        for part in parts:
            with (self.home / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    self._command(part),
                    env=self.variables,
                    cwd=self.home,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # so that its child processes end with it
                )
            if part == "code":  # otherwise the first connection of the others fails, and they retry much later
                self.wait("the code location answers", lambda: _answers(self.ports["code"]), seconds=180)
        if {"code", "webserver"}.intersection(parts) and {"code", "webserver"} <= self.processes.keys():
            self.wait("the web server knows the code location", self.graphql.location_is_loaded, seconds=180)
        if "daemon" in parts:
            self.wait("every daemon has a heartbeat", self.graphql.daemons_are_healthy, seconds=180)

    def kill(self, part: str) -> None:
        """Kill a process and its children at once, as a power failure does."""
        process = self.processes.pop(part)
        with suppress(ProcessLookupError):  # the process has already ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """Stop all processes as systemd does; kill those that do not stop."""
        for part in [part for part in reversed(PARTS) if part in self.processes]:
            process = self.processes[part]
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                print(self.explain())  # noqa: T201 - pytest shows it
            self.kill(part)

    def wait(self, what: str, look: Callable[[], Found | None], *, seconds: float) -> Found:
        """Wait until a condition holds in the installation; show the logs if it does not."""

        def look_while_all_run() -> Found | None:
            ended = [part for part, process in self.processes.items() if process.poll() is not None]
            assert ended == [], self.explain()
            return look()

        return wait_until(what, look_while_all_run, seconds=seconds, explain=self.explain)

    def explain(self) -> str:
        """Return the last lines of each log."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:])
            for log in sorted(self.home.glob("*.log"))
        )

    def command_line(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program of the installation as an operator does, optionally with other variables."""
        return subprocess.run(
            [Path(sys.executable).with_name(arguments[0]), *arguments[1:]],
            env=variables or self.variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def _command(self, part: str) -> list[str]:
        """Return the unit's command with the programs, ports and files of this installation."""
        words = unit_command(part, self.variables)
        words[0] = str(Path(sys.executable).with_name(Path(words[0]).name))
        for option, value in (("--port", self.ports.get(part)), ("--workspace", self.home / "workspace.yaml")):
            if option in words:
                words[words.index(option) + 1] = str(value)
        return [*_IMPATIENT_DAEMON, *words[1:]] if part == "daemon" else words


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unit_command(part: str, variables: Mapping[str, str]) -> list[str]:
    """Return the command of a component's systemd unit, with the variables of its environment file."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # keeps configparser from lowercasing keys
    unit.read(DEPLOY / "systemd" / f"cdp-etl-{part}.service", encoding="utf-8")
    own = dict(assignment.split("=", 1) for assignment in shlex.split(unit["Service"]["Environment"]))
    return [Template(word).substitute({**own, **variables}) for word in shlex.split(unit["Service"]["ExecStart"])]


@contextmanager
def installation(
    home: Path, postgres: Postgres, *, starting: Sequence[str] = PARTS, **settings: str
) -> Iterator[Installation]:
    """Install into an empty folder with a new database, and start all three processes or some of them.

    Variables other than `CDP_ETL_…` are set only for the processes.
    """
    ports = {"code": free_port(), "webserver": free_port()}
    write_instance(home / "dagster.yaml")
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    workspace["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": ports["code"]}
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace), encoding="utf-8")
    own = {
        "CDP_ETL_DATA": str(home / "data"),
        "CDP_ETL_THREADS": "1",
        "CDP_ETL_MEMORY_LIMIT": "500MiB",
        "CDP_ETL_MART_REFRESH_INTERVAL_SECONDS": "10",
        **settings,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "DAGSTER_"))}
    variables = {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "DAGSTER_HOME": str(home),
        **postgres.variables(postgres.create_database(home.name)),
        **own,
    }
    installed = Installation(
        home,
        Settings.model_validate(
            {name.removeprefix(PREFIX).lower(): value for name, value in own.items() if name.startswith(PREFIX)}
        ),
        variables,
        ports,
        GraphQL(f"http://127.0.0.1:{ports['webserver']}"),
    )
    try:
        installed.start(*starting)
        yield installed
    finally:
        installed.stop()


def write_instance(target: Path) -> None:
    """Write the deployed dagster.yaml with shorter waits."""
    instance = yaml.safe_load((DEPLOY / "postgres" / "dagster.yaml").read_text(encoding="utf-8"))
    for (section, name), value in _SHORTER_WAITS.items():
        assert name in instance[section]
        instance[section][name] = value
    target.write_text(yaml.safe_dump(instance), encoding="utf-8")

"""Every command that lists something has `--json`, and prints one JSON value with it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cdp_etl.cli.app import COMMANDS
from cdp_etl_tests.cli.conftest import Command

WITHOUT_ROWS = {
    "init": "writes a file",
    "sql": "has --format json",
    "export": "writes files",
    "report": "writes files",
    "quarantine show": "prints bytes",
    "quarantine export": "writes a file",
    "consent withdraw": "prints one sentence",
    "consent refill": "prints one sentence, and one for each obstacle",
    "marts publish": "prints one sentence",
    "alerts test": "prints one sentence for each channel",
    "alerts send": "prints one sentence for each channel",
    "metrics": "has Prometheus's format",
    "compact": "prints one sentence",
    "backup": "prints one sentence",
    "restore": "prints one sentence",
    "ui": "starts a server",
    "generate": "writes files",
    "contract write": "writes files",
    "contract check": "prints one sentence",
}
READING = {
    "status": (),
    "quarantine list": (),
    "quarantine replay": ("--from", "2026-03-01"),
    "replay": ("--older-rules",),
    "landing check": (),
    "archive prune": ("--dry-run",),
    "alerts check": (),
    "doctor": (),
    "settings": (),
}
"""Commands with rows that change nothing in an empty folder, with the options that they require."""


def leaves() -> Iterator[tuple[str, Any]]:
    """Yield the full name of each command without subcommands."""
    for name, lazy in COMMANDS.items():
        command = lazy.load(name)
        subcommands = getattr(command, "commands", None)
        if subcommands:
            yield from ((f"{name} {sub}", one) for sub, one in subcommands.items())
        else:
            yield name, command


def test_every_command_with_rows_has_json() -> None:
    with_json = {name for name, command in leaves() if any("--json" in param.opts for param in command.params)}

    assert {name for name, _ in leaves()} - with_json == set(WITHOUT_ROWS)
    assert with_json - set(READING) == {"run", "check", "marts rebuild"}


@pytest.mark.parametrize("name", READING)
def test_standard_output_is_one_json_value(cdp_etl: Command, name: str) -> None:
    ended = cdp_etl(*name.split(), *READING[name], "--json")

    assert isinstance(json.loads(ended.out), list | dict)

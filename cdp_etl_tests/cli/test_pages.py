"""Commands and options in the documentation and in files of an installation exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cdp_etl.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "Makefile", "data/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
]
COMMAND = re.compile(r"cdp-etl +([^`|;#\n]*)")


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after each `cdp-etl` in a page."""
    for found in COMMAND.finditer(page.read_text(encoding="utf-8")):
        yield found[1].replace('"', " ").split()


def resolve(words: list[str]) -> tuple[set[str], list[str]]:
    """Resolve the names of groups down to a command. Return its options and the words after it."""
    command = typer.main.get_command(app)
    rest = words
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"cdp-etl {' '.join(words)}: there is no {rest[0]}"
        _, found, rest = command.resolve_command(typer.Context(command), rest)
        assert found is not None
        command = found
    return {option for parameter in command.params for option in parameter.opts}, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    for words in commands(page):
        options, rest = resolve(words)
        named = {word.partition("=")[0] for word in rest if word.startswith("--")}

        assert named - options - {"--help", "--debug", "--version"} == set(), f"cdp-etl {' '.join(words)}"


def test_commands_are_found_at_all() -> None:
    named = {words[0] for page in PAGES for words in commands(page) if words}

    assert {"run", "status", "doctor", "backup", "alerts", "landing"} <= named

"""Command group that imports a command only when the command runs or shows its own help.

The group's own help needs names and summaries only. So `cdp-etl --help` starts without Dagster, DuckDB and polars.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

MARKUP: Final = "markdown"


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command or a group of commands that is not imported yet.

    Attributes:
        target: Module within `cdp_etl.cli`, a colon, and the name of a function or of a `typer.Typer` in it.
        summary: One line for the list of commands. The command's own help must begin with the same line.
    """

    target: str
    summary: str

    def load(self, name: str) -> Any:
        """Import the command and return it under a name, as Typer's own kind of command."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(f"cdp_etl.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = found
        else:
            group = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
            group.command()(found)
        command = typer.main.get_command(group)
        command.name = name
        return command


def subcommands(summary: str) -> typer.Typer:
    """Return an empty group for commands that share a first word, such as `cdp-etl quarantine`."""
    return typer.Typer(help=summary, no_args_is_help=True, add_completion=False, rich_markup_mode=MARKUP)


def lazy_group(commands: Mapping[str, LazyCommand]) -> type[TyperGroup]:
    """Return a class of group whose commands are imported on demand, for `typer.Typer(cls=...)`."""

    class LazyGroup(TyperGroup):
        """Group that lists commands by their summaries, and imports the one that is called."""

        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for name, command in commands.items():
                self.add_command(TyperCommand(name, help=command.summary, rich_markup_mode=MARKUP))

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            name, _, rest = super().resolve_command(ctx, args)
            return name, None if name is None else commands[name].load(name), rest

    return LazyGroup

"""`cdp-etl compact`, `backup` and `restore`: the warehouse file as a file."""

from pathlib import Path
from typing import Annotated

import typer

from cdp_etl.cli.output import out, progress
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import backup, compact, restore

_MIB = 1024 * 1024


def compact_command() -> None:
    """Write the warehouse file anew, without the space that replaced rows have left.

    It needs disk for both files at once, and loads wait for it.

    Example: `cdp-etl compact`
    """
    with progress() as say:
        say("Compacting …")
        done = compact(load_settings().open_warehouse())
    out().print(f"{done.bytes_before / _MIB:.1f} MiB before, {done.bytes_after / _MIB:.1f} MiB after.")


def backup_command(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not exist.")],
) -> None:
    """Copy the warehouse to a file, and read the copy before it counts.

    Example: `cdp-etl backup backups/cdp-2026-03-03.duckdb`
    """
    if target.exists():
        raise typer.BadParameter(f"{target} exists; give another name")
    with progress() as say:
        say("Copying …")
        made = backup(load_settings().open_warehouse(), target)
    out().print(f"{made.path}: {made.bytes / _MIB:.1f} MiB, up to load {made.load_seq}.")


def restore_command(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What `backup` made.")
    ],
    *,
    replace_existing: Annotated[
        bool, typer.Option("--replace", help="Give up the warehouse that is there.")
    ] = False,
) -> None:
    """Put a backup in the place of the warehouse. Loads since then are to be done again.

    Example: `cdp-etl restore backups/cdp-2026-03-03.duckdb --replace`
    """
    with progress() as say:
        say("Restoring …")
        made = restore(load_settings().open_warehouse(), source, replace_existing=replace_existing)
    out().print(f"The warehouse is as of load {made.load_seq}; run the marts: `cdp-etl run` or the job `marts`.")

"""`cdp-etl compact`, `backup` and `restore`: maintenance of the warehouse file."""

from pathlib import Path
from typing import Annotated

import typer

from cdp_etl.cli.output import out, progress
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import backup, compact, restore

_MIB = 1024 * 1024


def compact_command() -> None:
    """Rewrite the warehouse file without the space of deleted rows.

    This requires disk space for both files. Loads wait until it is done.

    Example: `cdp-etl compact`
    """
    with progress() as report:
        report("Compacting …")
        result = compact(load_settings().open_warehouse())
    out().print(f"{result.bytes_before / _MIB:.1f} MiB before, {result.bytes_after / _MIB:.1f} MiB after.")


def backup_command(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; must not exist.")],
) -> None:
    """Copy the warehouse to a file and verify the copy.

    Example: `cdp-etl backup backups/cdp-2026-03-03.duckdb`
    """
    if target.exists():
        raise typer.BadParameter(f"{target} exists; choose another name")
    with progress() as report:
        report("Copying …")
        copy = backup(load_settings().open_warehouse(), target)
    out().print(f"{copy.path}: {copy.bytes / _MIB:.1f} MiB, up to load {copy.load_seq}.")


def restore_command(
    source: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="File written by `cdp-etl backup`."),
    ],
    *,
    replace_existing: Annotated[bool, typer.Option("--replace", help="Overwrite the existing warehouse.")] = False,
) -> None:
    """Replace the warehouse by a backup.

    The backup is copied and read completely before anything is changed. This requires disk space for both files.
    Repeat the loads since the backup afterwards.

    Example: `cdp-etl restore backups/cdp-2026-03-03.duckdb --replace`
    """
    with progress() as report:
        report("Restoring …")
        restored = restore(load_settings().open_warehouse(), source, replace_existing=replace_existing)
    if restored.moved_aside is not None:
        out().print(f"The former warehouse was damaged. It is kept as {restored.moved_aside}; delete it later.")
    out().print(
        f"The warehouse is at load {restored.load_seq}. Refresh the marts: `cdp-etl run` or the job `marts`."
    )

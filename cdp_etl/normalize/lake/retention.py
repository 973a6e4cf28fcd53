"""Retention of lake outputs that a newer output of the same dump has replaced.

The caller passes which outputs the ledger still references. `store.py` defines the layout of the folders.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.lake.history import dump_dates_in_lake
from cdp_etl.normalize.lake.store import DumpFolder, dump_folder

_DELETING: Final = ".going-"
"""Prefix of outputs whose deletion has begun."""


@dataclass(frozen=True, slots=True)
class PrunedOutput:
    """An output that was deleted, or would be deleted.

    Attributes:
        entity: The entity, by its contract name.
        dump_date: The day the source system delivered.
        fingerprint: Content fingerprint of the output.
        bytes: Size of its files.
    """

    entity: str
    dump_date: date
    fingerprint: str
    bytes: int


def prune_lake(  # noqa: PLR0913 - the lake, what to retain, and whether to delete
    lake: Path,
    entities: Collection[Entity],
    referenced: Collection[tuple[str, date, str]],
    keep_days: int | None,
    today: date,
    *,
    dry_run: bool,
) -> list[PrunedOutput]:
    """Delete outputs that nothing references and return them; with `dry_run` only return them.

    The latest output of a dump is retained whatever its age: quarantine, drift and the next load read it.

    Args:
        lake: The root of the normalized lake.
        entities: The entities whose outputs are pruned.
        referenced: Entity table, dump date and content fingerprint of each output that the ledger references.
        keep_days: Days to retain other outputs after they were written; None retains them for ever.
        today: The current date.
        dry_run: Whether to delete nothing.
    """
    pruned: list[PrunedOutput] = []
    if keep_days is None:
        return pruned
    first_retained = today - timedelta(days=keep_days)
    for entity in entities:
        for dump_date in dump_dates_in_lake(lake, entity):
            folder = dump_folder(lake, entity, dump_date)
            if not dry_run:
                _finish_interrupted(folder)
            for output in _outputs(folder):
                is_referenced = (entity.table, dump_date, output.name) in referenced
                if is_referenced or _is_latest(folder, output) or _written_on(output) >= first_retained:
                    continue
                pruned.append(PrunedOutput(entity.name, dump_date, output.name, _bytes(output)))
                if not dry_run:
                    _delete(output)
    return pruned


def _outputs(folder: DumpFolder) -> Iterator[Path]:
    """Yield the outputs of a dump; work folders and pointers begin with a dot."""
    return iter(
        sorted(path for path in folder.directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    )


def _is_latest(folder: DumpFolder, output: Path) -> bool:
    latest = folder.latest()
    return latest is not None and latest.content_fingerprint == output.name


def _written_on(output: Path) -> date:
    return datetime.fromtimestamp(output.stat().st_mtime, UTC).date()


def _bytes(output: Path) -> int:
    return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())


def _delete(output: Path) -> None:
    """Delete an output after renaming it, so that no reader sees half of it."""
    deleting = output.with_name(f"{_DELETING}{output.name}")
    output.rename(deleting)
    shutil.rmtree(deleting)


def _finish_interrupted(folder: DumpFolder) -> None:
    """Delete outputs whose deletion a killed run has begun."""
    for deleting in folder.directory.glob(f"{_DELETING}*"):
        shutil.rmtree(deleting, ignore_errors=True)

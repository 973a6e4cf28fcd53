"""Retention of lake outputs that a newer output of the same dump has replaced.

The caller passes which outputs the ledger still references. `store.py` defines the layout of the folders.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.lake.history import dump_dates_in_lake
from cdp_etl.normalize.lake.store import DELETING, DumpFolder, delete_folder, dump_folder


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
        keep_days: Days to retain other outputs after they were written or last reused; None retains them for ever.
        today: The current date.
        dry_run: Whether to delete nothing.
    """
    pruned: list[PrunedOutput] = []
    first_retained = date.min if keep_days is None else today - timedelta(days=keep_days)
    for entity in entities:
        for dump_date in dump_dates_in_lake(lake, entity):
            folder = dump_folder(lake, entity, dump_date)
            # A run that reuses an output holds the lock too, and renews the time of the output.
            with folder.lock():
                if not dry_run:
                    _finish_interrupted(folder)
                latest = folder.latest_fingerprint()
                for output in _outputs(folder):
                    is_referenced = (entity.table, dump_date, output.name) in referenced
                    if is_referenced or output.name == latest or _used_on(output) >= first_retained:
                        continue
                    pruned.append(PrunedOutput(entity.name, dump_date, output.name, _bytes(output)))
                    if not dry_run:
                        delete_folder(output)
    return pruned


def _outputs(folder: DumpFolder) -> Iterator[Path]:
    """Yield the outputs of a dump; work folders and pointers begin with a dot."""
    return iter(
        sorted(path for path in folder.directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    )


def _used_on(output: Path) -> date:
    """Return the date on which an output was written or last reused."""
    return datetime.fromtimestamp(output.stat().st_mtime, UTC).date()


def _bytes(output: Path) -> int:
    return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())


def _finish_interrupted(folder: DumpFolder) -> None:
    """Delete outputs whose deletion a killed run has begun."""
    for deleting in folder.directory.glob(f"{DELETING}*"):
        shutil.rmtree(deleting, ignore_errors=True)

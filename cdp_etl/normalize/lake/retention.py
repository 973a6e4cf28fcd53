"""How long the lake keeps outcomes of a dump that another has taken the place of.

Put here what may go and its removal. The layout is `lake.py`; what is still referred to the caller knows.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.lake.history import days_in_lake
from cdp_etl.normalize.lake.store import DumpShelf, shelf

_GOING: Final = ".going-"


@dataclass(frozen=True, slots=True)
class PrunedOutcome:
    """One outcome that went, or would go.

    Attributes:
        entity: The entity, by its contract name.
        dump_date: The day the source system delivered.
        fingerprint: Of the outcome's content.
        bytes: What its files take.
    """

    entity: str
    dump_date: date
    fingerprint: str
    bytes: int


def prune_lake(  # noqa: PLR0913 - where, what is kept, and whether it is meant
    lake: Path,
    entities: Collection[Entity],
    referred_to: Collection[tuple[str, date, str]],
    keep_days: int | None,
    today: date,
    *,
    dry_run: bool,
) -> list[PrunedOutcome]:
    """Remove outcomes that nothing refers to any more, and give what went; with `dry_run` what would go.

    The latest outcome of a dump stays, whatever its age: quarantine, drift and the next load read it.

    Args:
        lake: The root of the normalized lake.
        entities: Whose outcomes to look at.
        referred_to: Entity table, dump date and content fingerprint of each outcome that the ledger refers to.
        keep_days: How many days others are kept, by the day they were made; None keeps them for ever.
        today: The day.
        dry_run: Whether nothing is removed.
    """
    pruned: list[PrunedOutcome] = []
    if keep_days is None:
        return pruned
    first_kept = today - timedelta(days=keep_days)
    for entity in entities:
        for dump_date in days_in_lake(lake, entity):
            place = shelf(lake, entity, dump_date)
            if not dry_run:
                _remove_what_was_going(place)
            for outcome in _outcomes(place):
                is_referred_to = (entity.table, dump_date, outcome.name) in referred_to
                if is_referred_to or _is_latest(place, outcome) or _made_on(outcome) >= first_kept:
                    continue
                pruned.append(PrunedOutcome(entity.name, dump_date, outcome.name, _bytes(outcome)))
                if not dry_run:
                    _remove(outcome)
    return pruned


def _outcomes(place: DumpShelf) -> Iterator[Path]:
    """Give the outcomes of a dump; work folders and pointers begin with a dot."""
    return iter(
        sorted(path for path in place.directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    )


def _is_latest(place: DumpShelf, outcome: Path) -> bool:
    latest = place.latest()
    return latest is not None and latest.content_fingerprint == outcome.name


def _made_on(outcome: Path) -> date:
    return datetime.fromtimestamp(outcome.stat().st_mtime, UTC).date()


def _bytes(outcome: Path) -> int:
    return sum(path.stat().st_size for path in outcome.rglob("*") if path.is_file())


def _remove(outcome: Path) -> None:
    """Take an outcome out of sight at once, so that no reader sees half of it."""
    going = outcome.with_name(f"{_GOING}{outcome.name}")
    outcome.rename(going)
    shutil.rmtree(going)


def _remove_what_was_going(place: DumpShelf) -> None:
    """Remove what an earlier run was removing when it was killed."""
    for going in place.directory.glob(f"{_GOING}*"):
        shutil.rmtree(going, ignore_errors=True)

"""Loads that older rules normalized: which can be replayed from the archive, and which cannot.

New rules may give the same record another key or other values. Until all dumps follow the same rules, one record
may be current under two keys.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings
from cdp_etl.warehouse import Warehouse, WarehouseMissingError, older_rules

_BY_TABLE = {entity.table: entity for entity in ENTITIES}
_MAX_NAMED = 10
REPLAY_COMMAND = "cdp-etl replay --older-rules"


@dataclass(frozen=True, slots=True)
class OlderRules:
    """Dumps whose load in place was normalized by older rules.

    Attributes:
        replayable: Entity and dump date of each dump that the archive contains.
        pruned: The same for the dumps that the archive no longer contains.
    """

    replayable: Sequence[tuple[Entity, date]] = ()
    pruned: Sequence[tuple[Entity, date]] = ()

    def __bool__(self) -> bool:
        """Return whether there is such a dump."""
        return bool(self.replayable or self.pruned)

    @property
    def sentence(self) -> str:
        """Return the numbers of dumps, and what to do. Pruned dumps are named."""
        sentences = []
        if self.replayable:
            sentences.append(
                f"{_dumps(self.replayable)} normalized by older rules, so that a record delivered again may be"
                f" current under two keys. Run `{REPLAY_COMMAND}`."
            )
        if self.pruned:
            names = ", ".join(f"{entity.name} {day}" for entity, day in self.pruned[:_MAX_NAMED])
            more = f" and {len(self.pruned) - _MAX_NAMED} more" if len(self.pruned) > _MAX_NAMED else ""
            sentences.append(
                f"{_dumps(self.pruned)} normalized by older rules and cannot be replayed, because the archive was"
                f" pruned: {names}{more}."
            )
        return " ".join(sentences)


def find_older_rules(settings: Settings, warehouse: Warehouse | None = None) -> OlderRules:
    """Return the dumps whose load in place was normalized by older rules; none if nothing was ever loaded.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    loads: list[tuple[str, date]] = []
    with suppress(WarehouseMissingError), (warehouse or settings.open_warehouse()).reading() as connection:
        loads = older_rules(connection)
    dumps = [(_BY_TABLE[table], day) for table, day in loads if table in _BY_TABLE]
    replayable = [dump for dump in dumps if _is_archived(settings, *dump)]
    return OlderRules(replayable, [dump for dump in dumps if dump not in replayable])


def _is_archived(settings: Settings, entity: Entity, day: date) -> bool:
    from cdp_etl.landing import LandingError, latest_pull  # noqa: PLC0415 - imports the clients of all zones

    try:
        return latest_pull(settings.archive, entity.name, day) is not None
    except LandingError:
        return True  # damaged and not pruned: the replay reports it


def _dumps(dumps: Sequence[tuple[Entity, date]]) -> str:
    return "1 dump was" if len(dumps) == 1 else f"{len(dumps)} dumps were"

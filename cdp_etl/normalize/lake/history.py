"""The outcomes of an entity that lie in the lake, over its dump dates: of each date the latest.

Put here which dumps there are. What is read out of them stands in `quarantine.py` and `drift.py`.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.lake.result import NormalizedDump
from cdp_etl.normalize.lake.store import latest_normalized

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def dumps_between(
    lake: Path, entity: Entity, first: date | None = None, last: date | None = None
) -> Iterator[NormalizedDump]:
    """Give the dumps of an entity from the first to the last date, both included, in order; None is no bound."""
    for day in days_in_lake(lake, entity):
        if (first is None or first <= day) and (last is None or day <= last):
            dump = latest_normalized(lake, entity, day)
            if dump is not None:
                yield dump


def newest_dumps(lake: Path, entity: Entity, count: int) -> list[NormalizedDump]:
    """Give the newest dumps of an entity, as many as there are and `count` at most, in order of date."""
    newest: list[NormalizedDump] = []
    for day in reversed(days_in_lake(lake, entity)):
        dump = latest_normalized(lake, entity, day)
        if dump is not None:
            newest.insert(0, dump)
        if len(newest) == count:
            break
    return newest


def days_in_lake(lake: Path, entity: Entity) -> list[date]:
    """Give the dump dates of an entity that have a place in the lake, in order."""
    shelves = lake / entity.table
    if not shelves.is_dir():
        return []
    return sorted(date.fromisoformat(path.name) for path in shelves.iterdir() if _DAY.fullmatch(path.name))

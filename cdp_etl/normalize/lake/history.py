"""Dumps of an entity in the lake, by dump date: the latest output of each date."""

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import dump_dates
from cdp_etl.normalize.errors import OutputDamagedError
from cdp_etl.normalize.lake.result import NormalizedDump
from cdp_etl.normalize.lake.store import latest_normalized

_logger = logging.getLogger(__name__)


def dumps_between(
    lake: Path, entity: Entity, first: date | None = None, last: date | None = None
) -> Iterator[NormalizedDump]:
    """Yield the dumps of an entity by date, from the first to the last date inclusive; None means no limit.

    Raises:
        OutputDamagedError: If the output of a dump is damaged.
    """
    for dump_date in dump_dates_in_lake(lake, entity):
        if (first is None or first <= dump_date) and (last is None or dump_date <= last):
            dump = latest_normalized(lake, entity, dump_date)
            if dump is not None:
                yield dump


def newest_dumps(lake: Path, entity: Entity, count: int) -> list[NormalizedDump]:
    """Return the newest dumps of an entity by date, at most `count`. Damaged ones are left out with a warning."""
    newest: list[NormalizedDump] = []
    for dump_date in reversed(dump_dates_in_lake(lake, entity)):
        try:
            dump = latest_normalized(lake, entity, dump_date)
        except OutputDamagedError as error:
            _logger.warning("%s", error)
            continue
        if dump is not None:
            newest.insert(0, dump)
        if len(newest) == count:
            break
    return newest


def dump_dates_in_lake(lake: Path, entity: Entity) -> list[date]:
    """Return the dump dates of an entity that have a folder in the lake, in order."""
    folder = lake / entity.table
    return dump_dates(path.name for path in folder.iterdir()) if folder.is_dir() else []

"""Access to the data folder: tightened once, and again if the group of readers or a place of files changes."""

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cdp_etl.file_modes import tighten
from cdp_etl.settings import Settings

_MARKER: Final = ".access"
_FORMAT: Final = 2

_OF_DAGSTER: Final = ("history", "schedules", "storage", "logs")
"""What Dagster writes into its home. Other files there, such as `dagster.yaml`, are the operator's."""

_logger = logging.getLogger(__name__)


def protect_data_folder(settings: Settings) -> None:
    """Set the modes of all files of the data folder, unless that was done before, and log what changed.

    Entry points call it once, after logs are configured. A folder that belongs to another user stays as it is: a
    reader of the snapshot has the same settings.
    """
    try:
        _protect(settings)
    except OSError as error:
        _logger.warning("The modes in %s could not be set (%s).", settings.data, error.strerror)


def _protect(settings: Settings) -> None:
    data, readers = settings.data, settings.readers()
    if readers.group_id is not None:
        data.mkdir(parents=True, exist_ok=True)
    marker = data / _MARKER
    metrics = settings.metrics_file
    published = [settings.published, settings.reports]
    if metrics is not None and metrics.is_relative_to(data):
        published.append(metrics)
    wanted = json.dumps(
        {
            "format": _FORMAT,
            "readers_group_id": readers.group_id,
            "metrics_file": str(metrics),
            "dagster_home": str(settings.dagster_home),
        }
    )
    if not data.exists() or data.stat().st_uid != os.geteuid() or _content(marker) == wanted:
        return
    if metrics in published:
        metrics.parent.mkdir(parents=True, exist_ok=True)
    outside = [*_warehouse_files(settings.warehouse), *(settings.instance_folder / name for name in _OF_DAGSTER)]
    tightened = tighten(
        data,
        published=published,
        readers=readers,
        skipped=settings.landing_folders(),
        outside=[path for path in outside if not path.is_relative_to(data)],
    )
    marker.write_text(wanted, encoding="ascii")
    if tightened.changed:
        _logger.warning("%s", _sentence(settings, tightened.changed))
    if tightened.foreign:
        _logger.warning(
            "%s: %d files and folders kept their modes. They belong to other users, or this user is no member of"
            " the group of readers.",
            data,
            tightened.foreign,
        )


def _sentence(settings: Settings, changed: int) -> str:
    done = f"{settings.data}: the modes of {changed:,} files and folders changed."
    if settings.readers_group is None:
        return (
            f"{done} Only their owner can read them now; CDP_ETL_READERS_GROUP can name a group that reads"
            " published/ and reports/."
        )
    return f"{done} Only their owner can read them now, and the group {settings.readers_group} the published ones."


def _warehouse_files(warehouse: Path | None) -> Iterable[Path]:
    """Return the warehouse with its lock and log, if a setting places it."""
    return () if warehouse is None else warehouse.parent.glob(f"{warehouse.name}*")


def _content(marker: Path) -> str | None:
    try:
        return marker.read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None

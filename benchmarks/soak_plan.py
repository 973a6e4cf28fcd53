"""Plan of a history of the soak: its loads, in order, and the normalized dumps that they load.

A replay reads it without an import of normalization, so that the process has no compiled code but DuckDB's.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dump import Dump

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME

TIMEZONE = "Asia/Ho_Chi_Minh"
"""Business time zone of all histories."""
PLAN = "plan.json"
"""File of the plan in the folder of a history."""
PATHS = ("accepted_files", "superseded_files", "quarantined_files")
"""Attributes of a dump that are lists of files."""


@dataclass(frozen=True)
class PlannedFile:
    """A delivered file, as `load_dump` requires it."""

    path: str
    bytes: int
    sha256: str
    modified_at: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    pulled_at: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    order: int | None = None


@dataclass(frozen=True)
class PlannedLoad:
    """One load of a history.

    Attributes:
        entity: The entity.
        dump: The dump in the lake.
        files: Its delivered files.
        is_step: Whether the marts are refreshed and compared after the load.
    """

    entity: Entity
    dump: Dump
    files: list[PlannedFile]
    is_step: bool


def read_plan(folder: Path) -> list[PlannedLoad]:
    """Return the loads of a history, in order."""
    return [_load(load) for load in json.loads((folder / PLAN).read_text("utf-8"))]


def _load(load: dict[str, Any]) -> PlannedLoad:
    dump = load["dump"] | {name: [Path(path) for path in load["dump"][name]] for name in PATHS}
    dump["dump_date"] = date.fromisoformat(dump["dump_date"])
    files = [PlannedFile(**file) for file in load["files"]]
    return PlannedLoad(BY_NAME[load["entity"]], Dump(**dump), files, load["is_step"])

"""Histories of the soak: made by seed and normalized once; every DuckDB version replays them.

    python benchmarks/soak_history.py SEED FOLDER [DAYS [ROWS]]

A history has dumps of all six entities on a few days, loaded in any order. A dump is delivered up to three times:
complete, with other values and fewer records, or empty, which deletes its rows. The sample generator adds
corrections of earlier days, Deleted records, repeated keys and quarantined records.
"""

import hashlib
import json
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dump import Dump
from soak_plan import PATHS, PLAN, TIMEZONE, PlannedFile

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.normalize import normalize_dump
from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.generator import replace_dump
from cdp_etl.sample.shared_data import SharedData, make_shared_data

FIRST_DAY = date(2026, 3, 1)
DAYS = 4
ROWS = (60, 150, 400, 2_000)
"""Records of a complete dump, if no number is given; the seed chooses one."""
DIRTY = 0.03
STEP_SHARE = 1 / 3
"""Share of the loads after which the marts are refreshed and compared."""
DELIVERIES = (
    ("complete",),
    ("complete", "complete"),
    ("other", "complete"),
    ("complete", "other"),
    ("other", "empty", "complete"),
    ("complete", "empty"),
)
"""Versions of a dump in order of delivery; each dump has one of these lists."""


def make_history(seed: int, folder: Path, days: int = DAYS, rows: int | None = None) -> None:
    """Write the lake and the plan of a history, unless the folder contains them.

    Args:
        seed: Decides the records, the order of the deliveries, and when the marts are refreshed.
        folder: Folder of the history.
        days: Number of dump dates.
        rows: Records of a complete dump; None for a number chosen by the seed.
    """
    if (folder / PLAN).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    draw = random.Random(seed)  # noqa: S311 - reproducible, not secret
    rows = rows or draw.choice(ROWS)
    shared = make_shared_data(seed)
    loads = [
        deliver(folder, shared, name, dump_date, version, rows) | {"is_step": draw.random() < STEP_SHARE}
        for name, dump_date, version in deliveries(draw, days)
    ]
    loads[-1]["is_step"] = True
    (folder / PLAN).write_text(json.dumps(loads, default=str), "utf-8")


def deliveries(draw: random.Random, days: int) -> Iterator[tuple[str, date, str]]:
    """Yield entity, dump date and version of each delivery. The versions of one dump keep their order."""
    dumps = [(entity.name, FIRST_DAY + timedelta(days=day)) for day in range(days) for entity in ENTITIES]
    versions = {dump: list(draw.choice(DELIVERIES)) for dump in dumps}
    order = [dump for dump in dumps for _ in versions[dump]]
    draw.shuffle(order)
    for dump in order:
        yield (*dump, versions[dump].pop(0))


def deliver(  # noqa: PLR0913, PLR0917 - what decides a delivery
    folder: Path, shared: SharedData, name: str, dump_date: date, version: str, rows: int
) -> dict[str, Any]:
    """Write and normalize a version of a dump; return its load as JSON."""
    zone = folder / "landing" / version
    if version == "other":  # the same ids, people and products, with other values
        shared, rows = replace(shared, seed=shared.seed + 1_000_000), rows * 2 // 3
    elif version == "empty":
        rows = 0
    replace_dump(DumpSpec(shared, BY_NAME[name], dump_date, rows, DIRTY, "ndjson", "none"), zone)
    delivered = zone / name / dump_date.isoformat()
    files = [
        PlannedFile(path.name, len(content), hashlib.sha256(content).hexdigest())
        for path in sorted(delivered.glob("part-*"))
        for content in [path.read_bytes()]
    ]
    settings = NormalizationSettings(business_timezone=TIMEZONE)
    dump = normalize_dump(BY_NAME[name], dump_date, delivered, files, folder / "lake", settings, workers=1)
    return {
        "entity": name,
        "dump": {
            field.name: list(map(str, value)) if field.name in PATHS else value
            for field in fields(Dump)
            for value in [getattr(dump, field.name)]
        },
        "files": [{"path": file.path, "bytes": file.bytes, "sha256": file.sha256} for file in files],
    }


if __name__ == "__main__":
    _, seed_text, folder_text, *sizes = sys.argv
    make_history(int(seed_text), Path(folder_text), *map(int, sizes))

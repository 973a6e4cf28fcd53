"""Replay of one history by the DuckDB version on PYTHONPATH, for the soak.

    python benchmarks/soak_replay.py HISTORY FOLDER UNTIL

Load the dumps of the history into a warehouse in FOLDER. At each step, refresh the marts, and compare them in a
fresh process (`soak_verify.py`). Print one JSON line per step. Stop at the first step with a failure, or before
the first load after UNTIL (seconds since 1970). The last line says how the replay ended.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
from soak_plan import TIMEZONE, read_plan

from cdp_etl.errors import CdpEtlError
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse import Warehouse, load_dump

VERIFY = Path(__file__).with_name("soak_verify.py")


def replay(history: Path, folder: Path, until: float) -> Iterator[Mapping[str, Any]]:
    """Yield the outcome of each step, then the end of the replay."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    warehouse = Warehouse(folder / "cdp.duckdb", 60.0, memory_limit="1GiB", threads=2, business_timezone=TIMEZONE)
    began, loads = time.monotonic(), 0
    for number, load in enumerate(read_plan(history)):
        if time.time() > until:
            yield {"end": "out of time"}
            return
        try:
            load_dump(
                warehouse, load.entity, load.dump, load.files, max_quarantine_rate=1.0, force=False, run_id=None
            )
            loads += 1
            if not load.is_step:
                continue
            refresh_marts(warehouse, MartSettings())
            failures = _verify(warehouse, folder / f"step-{number}", history)
        except (duckdb.Error, CdpEtlError):
            failures = [traceback.format_exc(limit=-3)]
        yield {
            "step": number,
            "loads": loads,
            "seconds": round(time.monotonic() - began, 1),
            "load_average": os.getloadavg()[0],
            "failures": failures,
        }
        if failures:
            yield {"end": "failed"}
            return
        began, loads = time.monotonic(), 0
    yield {"end": "complete"}


def _verify(warehouse: Warehouse, export: Path, history: Path) -> list[str]:
    """Compare the marts in a fresh process; if it finds a failure, say whether another process finds it too."""
    failures = _verify_once(warehouse, export, history)
    if failures:
        again = _verify_once(warehouse, export.with_name(f"{export.name}-again"), history)
        failures.append(f"A second process finds {len(again)} failures: {'; '.join(again) or 'none'}")
    return failures


def _verify_once(warehouse: Warehouse, export: Path, history: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, VERIFY, warehouse.path, export, history], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return [f"soak_verify.py ended with status {done.returncode}: {done.stderr[-2_000:]}"]
    failures: list[str] = json.loads(done.stdout)
    return failures


if __name__ == "__main__":
    for outcome in replay(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])):
        print(json.dumps({"duckdb": duckdb.__version__, **outcome}), flush=True)

"""Overhead of Dagster in a backfill: 30 days of all entities in one run, compared with direct function calls.

    python benchmarks/backfill.py --out benchmarks/results-backfill.md

1. Generate dumps of `--days` days with `--rows` records per entity and day.
2. Call the functions of the stages in one process, in the order of the run.
3. Launch the same days as one backfill of all assets on an installation as in deploy/: Debian's Postgres, daemon
   and web server.
4. Check that both warehouses have the same rows.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cdp_etl.defs.build import build_definitions
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.dump_pipeline import DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl.report.build import write_report
from cdp_etl.sample import generate
from cdp_etl.settings import Settings, load_settings
from cdp_etl_tests.end_to_end.comparing import digests
from cdp_etl_tests.end_to_end.installation import Installation, installation
from cdp_etl_tests.end_to_end.postgres import postgres_server

FIRST_DAY = date(2026, 3, 1)
MAX_RATIO = 1.5
_MAX_SECONDS = 6 * 3600
_POLL_INTERVAL_SECONDS = 2

REPORT = f"""# Overhead of Dagster in a backfill

{{day}}, {{system}} (load average {{load:.1f}}). {{days}} days of {len(ENTITIES)} entities, {{rows:,}} records per
entity and day, as one backfill of all assets: one run, {len(ENTITIES)} loads, {len(MARTS)} marts, snapshot and
{{days}} reports, on Postgres, with daemon and web server. The direct calls are the same stages in the same order
in one process.

| | wall s | ratio |
|---|--:|--:|
| direct calls | {{bare:.1f}} | 1.00 |
| the run, from start to end | {{run:.1f}} | {{run_ratio:.2f}} |
| from launch to end, including queue and daemon | {{total:.1f}} | {{total_ratio:.2f}} |

The goal is a run of at most {MAX_RATIO} times the direct calls: {{verdict}}. Both warehouses have the same rows.
Here the daemon polls backfills every five seconds. Dagster's default is 30 seconds, which affects only the last
line.
"""


@dataclass(frozen=True)
class BackfillTimes:
    """Seconds of the run itself, and in total since the launch."""

    run: float
    total: float


def call_bare(settings: Settings, days: list[date]) -> None:
    """Call the stages in the order of a run of all assets, without Dagster."""
    for entity in ENTITIES:
        for day in days:
            outcome = process_dump(settings, DumpRequest(entity, day, LOAD_LAYERS, force=False), print_nothing)
            if outcome.error is not None:
                raise outcome.error
    warehouse = settings.open_warehouse()
    for mart in MARTS:
        refresh_mart(warehouse, mart, settings.mart_settings())
    publish(
        warehouse,
        settings.published,
        settings.mart_settings(),
        settings.publish_rules(),
    )
    for day in days:
        write_report(warehouse, day, settings.reports, settings.report_options(day))


def print_nothing(_sentence: str) -> None:
    """Ignore progress messages."""


def backfill(installed: Installation, days: list[date]) -> BackfillTimes:
    """Launch the days as one backfill of all assets and wait until it ends."""
    keys = sorted(build_definitions(installed.settings).resolve_asset_graph().materializable_asset_keys)
    began = time.perf_counter()
    backfill_id = installed.graphql.backfill_assets(keys, days)

    def end_of_backfill() -> str | None:
        time.sleep(_POLL_INTERVAL_SECONDS)  # each poll loads the web server during the measured run
        return installed.graphql.backfill_end(backfill_id)

    end = installed.wait("the backfill has ended", end_of_backfill, seconds=_MAX_SECONDS)
    total = time.perf_counter() - began
    if end != "COMPLETED_SUCCESS":
        raise RuntimeError(f"The backfill ended as {end}.\n{installed.explain()}")
    (run,) = installed.graphql.runs(backfill_id=backfill_id)
    return BackfillTimes(run.seconds, total)


def main() -> None:
    """Run the benchmark and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)  # the measured process calls itself
    arguments = parser.parse_args()
    days = [FIRST_DAY + timedelta(days=number) for number in range(arguments.days)]
    if arguments.bare:
        began = time.perf_counter()
        call_bare(load_settings(data=arguments.bare), days)
        print(time.perf_counter() - began)
        return
    with tempfile.TemporaryDirectory() as folder, postgres_server() as postgres:
        landing = Path(folder) / "landing"
        generate(landing, FIRST_DAY, arguments.days, arguments.rows)
        limits = {"CDP_ETL_LANDING": str(landing), "CDP_ETL_THREADS": "0", "CDP_ETL_MEMORY_LIMIT": "2GiB"}
        bare_data = Path(folder) / "bare"
        bare = float(
            subprocess.run(
                [sys.executable, __file__, "--days", str(arguments.days), "--bare", bare_data],
                env=os.environ | limits,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        home = Path(folder) / "installed"
        home.mkdir()
        # The sensor must not refresh marts during the measured run.
        with installation(home, postgres, **limits, CDP_ETL_MART_REFRESH_INTERVAL_SECONDS="100000") as installed:
            timed = backfill(installed, days)
            same = digests(installed.settings.open_warehouse()) == digests(
                Settings(data=bare_data).open_warehouse()
            )
        if not same:
            raise RuntimeError("The two warehouses differ.")
    page = REPORT.format(
        day=datetime.now(UTC).date(),
        system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        load=os.getloadavg()[0],
        days=arguments.days,
        rows=arguments.rows,
        bare=bare,
        run=timed.run,
        run_ratio=timed.run / bare,
        total=timed.total,
        total_ratio=timed.total / bare,
        verdict="met" if timed.run <= MAX_RATIO * bare else "not met",
    )
    print(page)
    if arguments.out:
        arguments.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

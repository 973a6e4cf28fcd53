"""What one day's marts and snapshot cost on a growing history, and what a full rebuild costs.

    python benchmarks/marts.py --history 10 50 150 --out benchmarks/results-marts.md

builds a warehouse of customer-product-activity with so many million rows (as `load.py` does), rebuilds all marts,
and then loads days of `--rows` rows of three kinds, each followed by all marts and a publish: one whose events
fall on one day, one of which one in twenty corrects a record of any earlier day, and one whose events spread over
90 days.
"""

import argparse
import os
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from load import HISTORY_AT_ONCE, Dump, grow, load, write_day

from cdp_etl.marts.keeping import MartResult, rebuild_marts, run_marts
from cdp_etl.marts.publish import publish
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse import Warehouse

SETTINGS = MartSettings()
SPREAD_DAYS = 90
KINDS = ("one day", "one in 20 corrected", f"spread over {SPREAD_DAYS} days")

INTRODUCTION = """# The marts of one day on a growing history

{day}, {system}, DuckDB {duckdb}, memory limit {memory}, 2 threads. A day has {rows:,} rows of
`customer-product-activity`. Wall seconds; each row of the table is one run.

| history, rows | day | load | marts | publish | all | dearest marts |
|--:|---|--:|--:|--:|--:|---|"""


@contextmanager
def measured(into: dict[str, float], step: str) -> Iterator[None]:
    """Measure a block."""
    began = time.perf_counter()
    yield
    into[step] = time.perf_counter() - began


def spread(folder: Path, dump: Dump) -> Dump:
    """Give the same day with its events spread over the days before."""
    (path,) = dump.accepted_files
    target = folder / f"spread-{path.name}"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"""
            COPY (
              SELECT * REPLACE (
                occurred_at - to_days((source_position % {SPREAD_DAYS})::INTEGER) AS occurred_at,
                activity_date - (source_position % {SPREAD_DAYS})::INTEGER AS activity_date
              )
              FROM read_parquet('{path}')
            ) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
            """
        )
    return replace(dump, accepted_files=[target], content_fingerprint=f"spread-{dump.content_fingerprint}")


def one_day(
    warehouse: Warehouse, folder: Path, kind: str, rows: int, history: int
) -> tuple[dict[str, float], str]:
    """Load a day, run the marts, publish; give the seconds of each and the dearest marts."""
    day = history // HISTORY_AT_ONCE + KINDS.index(kind)
    dump = write_day(folder, day, rows, history if kind == KINDS[1] else 0)
    if kind == KINDS[2]:
        dump = spread(folder, dump)
    seconds: dict[str, float] = {}
    with measured(seconds, "load"):
        load(warehouse, dump)
    with measured(seconds, "marts"):
        results = run_marts(warehouse, SETTINGS)
    with measured(seconds, "publish"):
        publish(warehouse, folder / "published", SETTINGS)
    seconds["all"] = sum(seconds.values())
    dump.accepted_files[0].unlink()
    print(f"{history:>11,} {kind} {seconds} {dearest(results)}", flush=True)
    return seconds, dearest(results)


def dearest(results: Sequence[MartResult]) -> str:
    """Give the five marts that took longest, with their seconds."""
    longest = sorted(results, key=lambda result: -result.seconds)[:5]
    return ", ".join(f"{result.mart} {result.seconds:.1f}" for result in longest)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, nargs="+", default=[10, 50, 150], help="million rows")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a day that is loaded")
    parser.add_argument("--memory-limit", default="8GiB")
    parser.add_argument("--work", type=Path, help="folder for the warehouse; kept where given")
    parser.add_argument("--out", type=Path, help="where the figures go as Markdown")
    arguments = parser.parse_args()
    folder = arguments.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(folder / "cdp.duckdb", 60.0, arguments.memory_limit, 2, "UTC")
    lines = [
        INTRODUCTION.format(
            day=datetime.now(UTC).date(),
            system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            duckdb=duckdb.__version__,
            memory=arguments.memory_limit,
            rows=arguments.rows,
        )
    ]

    try:
        for history in (million * HISTORY_AT_ONCE for million in sorted(arguments.history)):
            grow(warehouse, history, history)

            began = time.perf_counter()
            results = rebuild_marts(warehouse, SETTINGS)
            seconds = time.perf_counter() - began
            print(f"{history:>11,} rebuild {seconds} {dearest(results)}", flush=True)
            lines.append(f"| {history:,} | full rebuild | | {seconds:.1f} | | | {dearest(results)} |")
            publish(warehouse, folder / "published", SETTINGS)
            for kind in KINDS:
                took, longest = one_day(warehouse, folder, kind, arguments.rows, history)
                figures = " | ".join(f"{took[step]:.1f}" for step in ("load", "marts", "publish", "all"))
                lines.append(f"| {history:,} | {kind} | {figures} | {longest} |")
    finally:
        if not arguments.work:
            shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines += ["", f"Peak resident memory of the process: {peak:,.0f} MiB.", ""]
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Cost of one day's loads, marts and publish on a growing history, and of a full rebuild.

    python benchmarks/marts.py --history 10 50 150 --out benchmarks/results-marts.md

Build a warehouse of a retailer's six entities (`retailer.py`) with the given millions of interactions, and rebuild
all marts. Then process three days of `--rows` interactions each: load, refresh of all marts with checks, publish.

- one day: all events are on the dump date;
- corrected: one record in twenty corrects a record of the ten days before;
- spread: the events are spread over 90 days.
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from retailer import Day, Retailer, grow, write_dumps

from cdp_etl.marts.refresh import MartResult, rebuild_marts, refresh_marts
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot.publication import PublishRules
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.warehouse import Warehouse, load_dump

SETTINGS = MartSettings()
MILLION = 1_000_000
KINDS: dict[str, dict[str, Any]] = {
    "one day": {},
    "one in 20 corrected": {"is_corrected": True},
    "spread over 90 days": {"spread_days": 90},
}
STEPS = ("load", "marts", "publish", "all", "CPU")

INTRODUCTION = """# The marts of one day on a growing history

{day}, {system} (load average {load:.1f}), DuckDB {duckdb}, memory limit {memory}, 2 threads. A day has {rows:,}
interactions of all six entities, of {customers:,} customers and {products:,} products with uneven popularity
(`benchmarks/retailer.py`). Each row is one run, in wall seconds, with its CPU seconds in the column CPU.

| history | day | load | marts | publish | all | CPU | slowest marts |
|--:|---|--:|--:|--:|--:|--:|---|"""


@contextmanager
def stopwatch(into: dict[str, float], step: str) -> Iterator[None]:
    """Measure the wall seconds of the block."""
    began = time.perf_counter()
    yield
    into[step] = time.perf_counter() - began


def one_day(
    warehouse: Warehouse, folder: Path, retailer: Retailer, day: Day
) -> tuple[dict[str, float], Sequence[MartResult]]:
    """Load a day, refresh the marts and publish. Return the seconds of each step and the results of the marts."""
    dumps = list(write_dumps(folder, retailer, day))
    seconds: dict[str, float] = {}
    began = time.process_time()
    with stopwatch(seconds, "load"):
        for entity, dump in dumps:
            load_dump(warehouse, entity, dump, [], max_quarantine_rate=1.0, force=False, run_id=None)
    with stopwatch(seconds, "marts"):
        results = refresh_marts(warehouse, SETTINGS)
    with stopwatch(seconds, "publish"):
        publish(warehouse, folder / "published", SETTINGS, PublishRules(folder / "key"), grace=timedelta(0))
    seconds["all"] = sum(seconds.values())
    seconds["CPU"] = time.process_time() - began
    for _, dump in dumps:
        dump.accepted_files[0].unlink()
    return seconds, results


def slowest_marts(results: Sequence[MartResult]) -> str:
    """Return the five slowest marts with their seconds."""
    longest = sorted(results, key=lambda result: -result.seconds)[:5]
    return ", ".join(f"{result.mart} {result.seconds:.1f}" for result in longest)


def row(history: int, day: str, seconds: dict[str, float], results: Sequence[MartResult]) -> str:
    """Return one row of the table."""
    steps = " | ".join(f"{seconds[step]:.1f}" if step in seconds else "" for step in STEPS)
    line = f"| {history:,} | {day} | {steps} | {slowest_marts(results)} |"
    print(line, flush=True)
    return line


def measure(
    warehouse: Warehouse, folder: Path, retailer: Retailer, history: int
) -> Iterator[tuple[str, dict[str, float], Sequence[MartResult]]]:
    """Rebuild all marts of the existing history, then process a day of each kind."""
    seconds: dict[str, float] = {}
    began = time.process_time()
    with stopwatch(seconds, "marts"):
        results = rebuild_marts(warehouse, SETTINGS)
    seconds["CPU"] = time.process_time() - began
    with stopwatch(seconds, "publish"):
        publish(warehouse, folder / "published", SETTINGS, PublishRules(folder / "key"), grace=timedelta(0))
    yield "full rebuild", seconds, results
    for number, (name, kind) in enumerate(KINDS.items(), start=history // retailer.rows):
        yield name, *one_day(warehouse, folder, retailer, Day(number, **kind))


def ratios(seconds: dict[tuple[int, str], dict[str, float]]) -> Iterator[str]:
    """Yield the ratios that the goals refer to, as sentences."""
    histories = sorted({history for history, _ in seconds})
    first, last = histories[0], histories[-1]
    for name in KINDS if last > first else ():
        longer = seconds[last, name]["all"] / seconds[first, name]["all"]
        yield f"- {name}: a day on {last:,} interactions takes {longer:.2f} times one on {first:,}."
    for history in histories:
        *_, spread = KINDS
        longer = seconds[history, spread]["all"] / seconds[history, "one day"]["all"]
        yield f"- On {history:,} interactions, {spread}: {longer:.2f} times one day."


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, nargs="+", default=[10, 50], help="million interactions")
    parser.add_argument("--rows", type=int, default=MILLION, help="interactions of a day")
    parser.add_argument("--customers", type=int, default=Retailer.customers)
    parser.add_argument("--products", type=int, default=Retailer.products)
    parser.add_argument("--memory-limit", default="8GiB")
    parser.add_argument("--work", type=Path, help="folder for the warehouse; kept if given")
    parser.add_argument("--out", type=Path, help="Markdown file to write the results to")
    arguments = parser.parse_args()
    folder = arguments.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(folder / "cdp.duckdb", 60.0, arguments.memory_limit, 2, "UTC")
    retailer = Retailer(arguments.rows, arguments.customers, arguments.products)
    results_by_day: dict[tuple[int, str], dict[str, float]] = {}
    rows = []
    grown = 0
    try:
        for history in (million * MILLION for million in sorted(arguments.history)):
            grow(warehouse, retailer, grown, history // retailer.rows)
            for name, seconds, results in measure(warehouse, folder, retailer, history):
                results_by_day[history, name] = seconds
                rows.append(row(history, name, seconds, results))
            grown = history // retailer.rows + len(KINDS)
    finally:
        if not arguments.work:
            shutil.rmtree(folder)
    introduction = INTRODUCTION.format(
        day=datetime.now(UTC).date(),
        system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        load=os.getloadavg()[2],
        duckdb=duckdb.__version__,
        memory=arguments.memory_limit,
        rows=arguments.rows,
        customers=arguments.customers,
        products=arguments.products,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        introduction,
        *rows,
        "",
        *ratios(results_by_day),
        "",
        f"Peak resident memory of the process: {peak:,.0f} MiB.",
        "",
    ]
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

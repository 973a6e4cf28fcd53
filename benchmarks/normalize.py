"""Cost of normalizing a dump, compared with DuckDB's readers and with common tools.

    python benchmarks/normalize.py [--rows 200000] [--runs 3] [--dlt] [--groups …] [--out benchmarks/results.md]

Each measurement is a process of its own. Those of one group are interleaved, so that other load on the machine
affects all of them equally. Results are medians of CPU seconds, and ratios compare runs of one group. `--dlt`
creates an environment for dlt in the work folder and measures dlt as well. The groups `memory` and `extreme`
measure peak memory. They run only if named and need 20 GB of disk.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from normalize_dumps import DAY, EXTREME_DUMPS, MAIN, in_files, large, of_every_format, of_one_line
from normalize_jobs import Job, Measurement, measure, normalizing, peer_environment, peer_version

from cdp_etl.entities import BY_NAME
from cdp_etl.sample import generate

GROUPS = ("large", "workers", "formats", "entities", "alternatives", "memory", "extreme")
DEFAULT_GROUPS = GROUPS[:5]

_LIMITATIONS = (
    "The bare readers check nothing, derive nothing and store no invalid line: `read_json` with `ignore_errors`",
    "returns a row of nulls for it. The reference path alone writes nothing and derives nothing.",
    "dlt also loads into DuckDB, which normalizing does not. It stops at a line that is not JSON,",
    "resolves no versions and normalizes no contacts.",
)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dlt", action="store_true", help="also measure dlt, in a separate environment")
    parser.add_argument("--memory-rows", type=int, nargs="*", default=[1_000_000, 5_000_000, 20_000_000])
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=DEFAULT_GROUPS, help="tables to measure")
    parser.add_argument("--work", type=Path, default=None, help="folder for the dumps; default: a temporary one")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-normalize-", dir=arguments.work) as work:
        report = _compare(Path(work), arguments)
    if arguments.out is not None:
        arguments.out.write_text(report, "utf-8")
    print(report)


def _compare(work: Path, arguments: argparse.Namespace) -> str:
    measure(normalizing(of_one_line(work / "first")))  # so that no measured run includes numba's compilation
    groups: dict[str, Callable[[Path, argparse.Namespace], list[str]]] = {
        "large": _large,
        "workers": _workers,
        "formats": _formats,
        "entities": _entities,
        "alternatives": _alternatives,
        "memory": _memory,
        "extreme": _extreme,
    }
    tables = [line for name in arguments.groups for line in groups[name](work, arguments)]
    return "\n".join([*_heading(arguments.runs), *tables])


def _large(work: Path, arguments: argparse.Namespace) -> list[str]:
    rows = 5 * arguments.rows
    generate(work / "large", DAY, 1, rows, entities=[MAIN])
    dump = work / "large" / MAIN / DAY.isoformat()
    measured = _interleaved(arguments.runs, {"bare read_json": _bare(dump, "json"), "NDJSON": normalizing(dump)})
    shutil.rmtree(work / "large")
    title = f"## A large dump: {rows:,} records of {MAIN}, 3% invalid"
    return [title, "", *_table(measured, {"NDJSON": "bare read_json"}, rows), ""]


def _workers(work: Path, arguments: argparse.Namespace) -> list[str]:
    """Measure one worker on one processor and two workers on two, in turn."""
    rows = 5 * arguments.rows
    dumps = {"one NDJSON file": large(work / "one", rows)}
    for name, format_ in (("CSV", "csv"), ("Parquet", "parquet")):
        generate(work / format_, DAY, 1, rows, entities=[MAIN], format=format_, compression="none")
        dumps[name] = work / format_ / MAIN / DAY.isoformat()
    dumps["16 NDJSON files"] = in_files(work / "many", dumps["one NDJSON file"], 16)
    jobs = {(name, count): normalizing(dump, processors=count) for name, dump in dumps.items() for count in (1, 2)}
    measured = _interleaved(arguments.runs, {f"{name}, {count}": job for (name, count), job in jobs.items()})
    lines = [
        f"## Workers: {rows:,} records of {MAIN}, one worker on one processor and two on two",
        "",
        "| | wall s, one | wall s, two | times | range | serial share | CPU s, one | CPU s, two | peak MiB, two |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in dumps:
        one, two = (measured[f"{name}, {count}"] for count in (1, 2))
        times = sorted(first.seconds / second.seconds for first, second in zip(one, two, strict=True))
        faster = statistics.median(times)
        figures = [
            *(f"{statistics.median(run.seconds for run in runs):.1f}" for runs in (one, two)),
            f"{faster:.2f}",
            f"{times[0]:.2f} to {times[-1]:.2f}",
            f"{2 / faster - 1:.0%}",
            *(f"{statistics.median(run.cpu for run in runs):.1f}" for runs in (one, two)),
            f"{max(run.peak_mib for run in two):.0f}",
        ]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    shutil.rmtree(work / "one")
    shutil.rmtree(work / "many")
    return [*lines, "", "Serial share by Karp and Flatt: (1 / times - 1 / 2) / (1 - 1 / 2).", ""]


def _formats(work: Path, arguments: argparse.Namespace) -> list[str]:
    dumps = of_every_format(work, arguments.rows)
    measured = _interleaved(
        arguments.runs,
        {
            "bare read_json": _bare(dumps["ndjson"], "json"),
            "NDJSON": normalizing(dumps["ndjson"]),
            "NDJSON .gz": normalizing(dumps["gz"]),
            "NDJSON .zst": normalizing(dumps["zst"]),
            "NDJSON, every number is text": normalizing(dumps["text"]),
            "JSON array": normalizing(dumps["json"]),
            "bare read_csv": _bare(dumps["csv"], "csv"),
            "CSV": normalizing(dumps["csv"]),
            "bare read_parquet": _bare(dumps["parquet"], "parquet"),
            "Parquet": normalizing(dumps["parquet"]),
        },
    )
    baselines = {
        "NDJSON": "bare read_json",
        "NDJSON .gz": "NDJSON",
        "NDJSON .zst": "NDJSON",
        "NDJSON, every number is text": "NDJSON",
        "JSON array": "NDJSON",
        "CSV": "bare read_csv",
        "Parquet": "bare read_parquet",
    }
    title = f"## Formats: {arguments.rows:,} records of {MAIN}, 3% invalid"
    return [title, "", *_table(measured, baselines, arguments.rows), ""]


def _entities(work: Path, arguments: argparse.Namespace) -> list[str]:
    rows = arguments.rows // 2
    generate(work / "entities", DAY, 1, rows)
    jobs = {name: normalizing(work / "entities" / name / DAY.isoformat(), name) for name in BY_NAME}
    title = f"## Entities: {rows:,} records each, NDJSON"
    return [title, "", *_table(_interleaved(arguments.runs, jobs), {}, rows), ""]


def _alternatives(work: Path, arguments: argparse.Namespace) -> list[str]:
    rows = min(arguments.rows, 100_000)
    generate(work / "clean", DAY, 1, rows, entities=[MAIN], dirty=0.0)
    clean = work / "clean" / MAIN / DAY.isoformat()
    jobs = {"both paths": normalizing(clean), "reference path alone": Job("exact", {"folder": str(clean)})}
    if arguments.dlt:
        python = peer_environment(work)
        jobs[f"dlt {peer_version(python)}"] = Job("dlt", {"folder": str(clean), "python": str(python)})
    measured = _interleaved(arguments.runs, jobs)
    baselines = dict.fromkeys((name for name in jobs if name != "both paths"), "both paths")
    title = f"## Alternatives on {rows:,} records without faults"
    return [title, "", *_table(measured, baselines, rows), "", *_LIMITATIONS, ""]


def _memory(work: Path, arguments: argparse.Namespace) -> list[str]:
    dumps: dict[str, Callable[[Path], Path]] = {
        f"{rows:,} records": lambda folder, rows=rows: large(folder, rows)  # type: ignore[misc] # mypy does not support lambda defaults
        for rows in arguments.memory_rows
    }
    return _one_by_one("## Memory: one NDJSON file", dumps, work)


def _extreme(work: Path, _: argparse.Namespace) -> list[str]:
    return _one_by_one("## Memory: extreme dumps", EXTREME_DUMPS, work)


def _one_by_one(title: str, dumps: dict[str, Callable[[Path], Path]], work: Path) -> list[str]:
    """Create, measure and delete one dump after the other, because each may be large."""
    measured: dict[str, list[Measurement]] = {}
    for name, make in dumps.items():
        measured |= _interleaved(1, {name: normalizing(make(work / "one"))})
        shutil.rmtree(work / "one")
    return [title, "", *_table(measured, {}, None), ""]


def _bare(folder: Path, reader: str) -> Job:
    return Job("bare", {"folder": str(folder), "reader": reader})


def _interleaved(runs: int, jobs: dict[str, Job]) -> dict[str, list[Measurement]]:
    measured: dict[str, list[Measurement]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            measured[name].append(measure(job))
            print(f"{name}: {measured[name][-1].cpu:.2f} CPU s", file=sys.stderr)
    return measured


def _heading(runs: int) -> list[str]:
    names = ("duckdb", "polars", "pyarrow", "pydantic", "numba")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return [
        "# Cost of normalizing",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {versions}.",
        "Written by `python benchmarks/normalize.py`.",
        f"Medians of {runs} interleaved runs, each in a process of its own. The start of the process is excluded.",
        "",
    ]


def _table(measured: dict[str, list[Measurement]], baselines: dict[str, str], rows: int | None) -> list[str]:
    lines = [
        "| | CPU s | range | wall s | peak MiB | µs CPU per record | ratio |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, runs in measured.items():
        cpu = statistics.median(run.cpu for run in runs)
        other = baselines.get(name)
        times = (
            "" if other is None else f"{cpu / statistics.median(run.cpu for run in measured[other]):.1f} x {other}"
        )
        each = "" if rows is None else f"{cpu / rows * 1e6:.1f}"
        spread = f"{min(run.cpu for run in runs):.2f} to {max(run.cpu for run in runs):.2f}"
        wall = statistics.median(run.seconds for run in runs)
        peak = max(run.peak_mib for run in runs)
        lines.append(f"| {name} | {cpu:.2f} | {spread} | {wall:.1f} | {peak:.0f} | {each} | {times} |")
    return lines


if __name__ == "__main__":
    main()

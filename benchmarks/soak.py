"""Soak of DuckDB versions: histories of loads and mart refreshes, replayed on a busy machine and compared.

    python benchmarks/soak.py --minutes 60 --versions 2.0.0 2.0.1 1.5.6 --results soak.jsonl

Each version replays the same histories (`soak_history.py`), many at the same time. At every step a fresh process
runs the full checks and compares each mart with its rebuild, by EXCEPT ALL in both directions (`soak_verify.py`).
If all versions have replayed a history, the rows of each mart at each step are compared between the versions.

The results file has one JSON line per step, per ended replay and per comparison. A second run with the same file
continues with the next history. After a failure or a difference, the history, the warehouses and the exported rows
remain in the work folder. `--minutes 0` prints the summary of the results file only.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

HERE = Path(__file__).parent
MAX_MINUTES = 60
PROCESSES = 20
"""Replays at the same time, for a load average of about 20."""
STOPPED = {-signal.SIGINT, -signal.SIGTERM}
"""Exit statuses of a process that a person stopped; such a replay has no outcome."""


class Soak:
    """One slice of a soak."""

    def __init__(
        self, versions: Sequence[str], results: Path, work: Path, until: float, history_options: Sequence[str]
    ) -> None:
        """Create a slice.

        Args:
            versions: DuckDB versions; the rows of each are compared with those of the first.
            results: File of JSON lines that the slice appends to.
            work: Folder of installed versions, histories and replays.
            until: End of the slice, in seconds since 1970.
            history_options: Options of `soak_history.py`.
        """
        self.versions = versions
        self.results = results
        self.work = work
        self.until = until
        self.history_options = history_options
        self._lock = threading.RLock()
        self._making: dict[int, threading.Lock] = defaultdict(threading.Lock)
        self._ended: dict[int, dict[str, str]] = {}

    def run(self, processes: int, histories: int | None) -> None:
        """Replay histories until the end of the slice, or until this number of histories is compared in total."""
        for version in self.versions:
            self._install(version)
        tasks = self._tasks(histories)
        with ThreadPoolExecutor(processes) as workers:
            for worker in [workers.submit(self._work, tasks) for _ in range(processes)]:
                worker.result()

    def _install(self, version: str) -> None:
        """Install a DuckDB version in a folder of its own. All other packages are those of this process."""
        target = self._installed(version)
        if version == duckdb.__version__ or target.exists():
            return
        unfinished = target.with_name(f".{version}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
        subprocess.run([*pip, "--target", unfinished, f"duckdb=={version}"], check=True)
        unfinished.rename(target)

    def _tasks(self, histories: int | None) -> Iterator[tuple[int, str]]:
        """Yield the replays that have no outcome yet, all versions of a history one after the other."""
        lines = read(self.results)
        compared = {line["seed"] for line in lines if line.get("compared") == list(self.versions)}
        failed = {line["seed"] for line in lines if line.get("failures") or line.get("differences")}
        for seed in range(1, histories + 1) if histories else count(1):
            if seed in compared:
                continue
            if seed in failed and self._folder(seed).exists():  # the evidence of an earlier slice
                self._folder(seed).rename(self.work / f"seed-{seed}-{int(time.time())}")
            shutil.rmtree(self._folder(seed), ignore_errors=True)
            yield from ((seed, version) for version in self.versions)

    def _work(self, tasks: Iterator[tuple[int, str]]) -> None:
        while time.time() < self.until:
            with self._lock:
                task = next(tasks, None)
            if task is None:
                return
            self._replay(*task)

    def _replay(self, seed: int, version: str) -> None:
        folder = self._folder(seed)
        with self._making[seed]:  # the first replay of a history makes it
            make = [sys.executable, HERE / "soak_history.py", str(seed), folder / "history"]
            subprocess.run([*make, *self.history_options], check=True)
        command = [sys.executable, HERE / "soak_replay.py", folder / "history", folder / version, str(self.until)]
        environment = os.environ | {"PYTHONPATH": str(self._installed(version))}
        with (folder / f"{version}.stderr").open("w+", encoding="utf-8") as errors:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
            end = None
            for text in process.stdout or ():
                line = json.loads(text)
                end = line.get("end", end)
                self._append({"seed": seed, "version": version, **line})
            if process.wait() and process.returncode not in STOPPED:
                errors.seek(0)
                end = "died"
                failure = f"status {process.returncode}: {errors.read()[-2_000:]}"
                self._append({"seed": seed, "version": version, "end": end, "failures": [failure]})
        if end in {"complete", "failed", "died"}:
            self._end(seed, version, end)

    def _end(self, seed: int, version: str, end: str) -> None:
        """Compare the versions of a history if this was the last replay of it."""
        with self._lock:
            ends = self._ended.setdefault(seed, {})
            ends[version] = end
            if len(ends) < len(self.versions):
                return
        folder = self._folder(seed)
        differences = [found for other in self.versions[1:] for found in self._differences(folder, other)]
        self._append({"seed": seed, "compared": list(self.versions), "differences": differences})
        if not differences and set(ends.values()) == {"complete"}:
            shutil.rmtree(folder)

    def _differences(self, folder: Path, other: str) -> list[str]:
        command = [sys.executable, HERE / "soak_compare.py", folder / self.versions[0], folder / other]
        found: list[str] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return found

    def _folder(self, seed: int) -> Path:
        return self.work / f"seed-{seed}"

    def _installed(self, version: str) -> Path:
        return self.work / "versions" / version

    def _append(self, line: Mapping[str, Any]) -> None:
        with self._lock, self.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": int(time.time()), **line}) + "\n")


def read(results: Path) -> list[dict[str, Any]]:
    """Return the lines of a results file; none if it does not exist."""
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def summary(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of the versions, and the comparisons, as Markdown.

    Without a failure in n steps, the share of steps that fail is at most 3/n, with a probability of 95%.
    """
    yield "| DuckDB | complete histories | loads | steps | hours | load average | failures | 3/n, a step |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for version in sorted({line["version"] for line in lines if "version" in line}):
        own = [line for line in lines if line.get("version") == version]
        steps = [line for line in own if "step" in line]
        failures = sum(bool(line.get("failures")) for line in own)
        complete = sum(line.get("end") == "complete" for line in own)
        loads = sum(line["loads"] for line in steps)
        hours = sum(line["seconds"] for line in steps) / 3600
        load = sum(line["load_average"] for line in steps) / max(len(steps), 1)
        bound = f"{3 / len(steps):.2g}" if steps and not failures else ""
        counts = f"{complete} | {loads} | {len(steps)} | {hours:.2f} | {load:.1f} | {failures} | {bound}"
        yield f"| {version} | {counts} |"
    compared = [line for line in lines if "compared" in line]
    different = [line["seed"] for line in compared if line["differences"]]
    yield ""
    yield f"Compared between versions: {len(compared)} histories; {len(different)} differ: {different}."


def main() -> None:
    """Run a slice and print the summary of the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help=f"length of the slice, at most {MAX_MINUTES}")
    parser.add_argument("--versions", nargs="+", default=["2.0.0", "2.0.1"], help="DuckDB versions")
    parser.add_argument("--results", type=Path, default=Path(".soak/results.jsonl"), help="file of JSON lines")
    parser.add_argument("--work", type=Path, default=Path(".soak"), help="folder of versions, histories, replays")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="replays at the same time")
    parser.add_argument("--histories", type=int, help="end after this number of histories")
    parser.add_argument("--history", nargs="+", default=[], help="options of soak_history.py: DAYS ROWS")
    options = parser.parse_args()
    if options.minutes > MAX_MINUTES:
        parser.error(f"a slice has at most {MAX_MINUTES} minutes; run it again to continue")
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if options.minutes:
        until = time.time() + options.minutes * 60
        soak = Soak(options.versions, options.results.resolve(), work, until, options.history)
        soak.run(options.processes, options.histories)
    print(*summary(read(options.results)), sep="\n")


if __name__ == "__main__":
    main()

"""Attacks of a hostile partner: seconds, peak memory, and what the pipeline answers.

    python benchmarks/attacks.py --out benchmarks/results-attacks.md

Each attack runs in a process of its own, with one worker. A process that needs over 3 GiB or 10 minutes is killed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from normalize_jobs import File

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.durable_files import hash_file
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import RetryPolicy, ZoneLimits, ZoneOptions, open_zone, pull_dump
from cdp_etl.normalize import ExpansionBound, normalize_dump
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.jit.raw_memory import address_of
from cdp_etl_tests.attacks.files import FILE_ATTACKS, MB, FileAttack
from cdp_etl_tests.attacks.sftp import SERVERS, HostileServer
from cdp_etl_tests.landing.servers import sftp_in_process
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE

MAX_MIB: Final = 1024
"""Memory of any attack, at most; about 200 MiB of it are libraries."""

_KILL_MIB: Final = 3 * 1024
_KILL_SECONDS: Final = 600
_STALL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class AttackResult:
    """Measurement of one attack.

    Attributes:
        name: The attack.
        bytes: Size of the delivered file; 0 for a server.
        seconds: Wall seconds, without imports.
        cpu: CPU seconds, without imports.
        peak_mib: Peak resident memory of the process.
        answer: What the pipeline answered.
    """

    name: str
    bytes: int
    seconds: float
    cpu: float
    peak_mib: float
    answer: str

    @property
    def max_seconds(self) -> float:
        """Return the time that the attack may take: ten seconds, or ten a MB."""
        return max(10.0, 10 * self.bytes / MB)


def measure(names: list[str]) -> Iterator[AttackResult]:
    """Run the attacks of these names, each in a process of its own."""
    files = {attack.name: attack for attack in FILE_ATTACKS}
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            size = _deliver(files[name], Path(work)) if name in files else 0
            yield _run(name, size, Path(work))


def all_names() -> list[str]:
    """Return the names of all attacks."""
    return [*(attack.name for attack in FILE_ATTACKS), *(f"SFTP: {server.__name__}" for server in SERVERS)]


def _deliver(attack: FileAttack, work: Path) -> int:
    (work / "dump").mkdir()
    return (work / "dump" / attack.file).write_bytes(attack.content())


def _run(name: str, size: int, work: Path) -> AttackResult:
    command = [sys.executable, __file__, "--child", name, "--work", str(work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        started = time.monotonic()
        while child.poll() is None:
            seconds = time.monotonic() - started
            peak = _memory_mib(child.pid, "VmHWM")
            if _memory_mib(child.pid, "VmRSS") > _KILL_MIB or seconds > _KILL_SECONDS:
                child.kill()
                return AttackResult(name, size, seconds, seconds, peak, "killed")
            time.sleep(0.1)
        output = "" if child.stdout is None else child.stdout.read()
    if child.returncode != 0:
        raise RuntimeError(f"{name}: the process ended with status {child.returncode}")
    return AttackResult(name, size, *json.loads(output))


def _memory_mib(process: int | str, kind: str) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii")
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(kind)), 0)


def _run_child(name: str, work: Path) -> None:
    servers = {f"SFTP: {server.__name__}": server for server in SERVERS}
    data, spans = np.frombuffer(b"{}", np.uint8), np.empty(2, np.int64)
    find_entries(address_of(data), 0, len(data), address_of(spans))  # numba's own start, once a process
    attack: Callable[[], str] = (
        (lambda: _pull(servers[name], work)) if name in servers else (lambda: _normalize(work))
    )
    started, cpu = time.perf_counter(), time.process_time()
    try:
        answer = attack()
    except CdpEtlError as error:
        answer = str(error)
    measured = [time.perf_counter() - started, time.process_time() - cpu, _memory_mib("self", "VmHWM"), answer]
    print(json.dumps(measured))


def _normalize(work: Path) -> str:
    (path,) = (work / "dump").iterdir()
    file = File(path.name, path.stat().st_size, hash_file(path))
    dump = normalize_dump(
        COMMENT,
        DUMP_DATE,
        work / "dump",
        [file],
        work / "lake",
        NormalizationSettings(),
        workers=1,
        expansion=ExpansionBound(ratio=200),
    )
    summary = (dump.directory / "summary.json").stat().st_size
    return f"{dump.accepted} accepted, {dump.quarantined} quarantined; summary of {summary // 1000} kB"


def _pull(server: type[HostileServer], work: Path) -> str:
    (work / "sftp").mkdir()
    limits = ZoneLimits(stall_seconds=_STALL_SECONDS)
    with sftp_in_process(work / "sftp", server) as running:
        options = ZoneOptions(sftp=running.options, retry=RetryPolicy(attempts=1), limits=limits)
        location = running.location()
        try:
            pull_dump(open_zone(location, options=options), COMMENT.name, DUMP_DATE, work / "archive")
        except CdpEtlError as error:
            return str(error).replace(location, "sftp://…/")
    return "pulled"


def _table(results: list[AttackResult]) -> str:
    intro = (
        f"Made by `make bench-attacks`, with one worker, on {os.cpu_count()} shared cores. "
        "Seconds are without imports. *Allowed* are ten seconds, or\nten a MB, and "
        f"{MAX_MIB} MiB. An SFTP server may be silent for {_STALL_SECONDS:g} s here (60 by default), and is "
        "asked once (five times by default).\nIts memory and CPU time are in those of the pipeline."
    )
    rows = [
        f"| {one.name} | {one.bytes:,} | {one.seconds:.1f} | {one.cpu:.1f} | {one.max_seconds:.0f} "
        f"| {one.peak_mib:.0f} | {one.answer} |"
        for one in results
    ]
    heads = [
        "| Attack | Bytes | Seconds | CPU seconds | Allowed | Peak MiB | Answer |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(["# Attacks", "", intro, "", *heads, *rows, ""])


def main() -> None:
    """Measure the attacks and write the table."""
    parser = argparse.ArgumentParser(description="Seconds and memory of attacks by a hostile partner.")
    parser.add_argument("--only", default="", help="measure the attacks whose name contains this text")
    parser.add_argument("--out", type=Path, help="file of the table")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _run_child(options.child, options.work)
        return
    results = []
    for result in measure([name for name in all_names() if options.only in name]):
        results.append(result)
        print(result, flush=True)
        if options.out is not None:
            options.out.write_text(_table(results), encoding="utf-8")


if __name__ == "__main__":
    main()

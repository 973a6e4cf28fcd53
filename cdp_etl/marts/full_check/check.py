"""Comparison of the marts with a rebuild from staging that a fresh process computes (`rebuild_worker.py`).

A process whose memory is corrupt may compute the same wrong rows twice. A fresh process has only the file in
common with the process that wrote the marts, and it writes to a database of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from cdp_etl.errors import CdpEtlError
from cdp_etl.marts.checks.matches_full_rebuild import equals_its_rebuild
from cdp_etl.marts.checks.model import CheckResult, MartCheckError
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.full_check import rebuild_worker
from cdp_etl.marts.refresh import check_mart, mark_failed_checks, refresh_marts
from cdp_etl.marts.registry import mart_named
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse.connection import Warehouse

_MAX_ATTEMPTS = 3
"""A load between the refresh and the comparison changes staging; then both are repeated."""

_Answer = Mapping[str, Any]


class FullCheckError(CdpEtlError):
    """The marts could not be compared with their rebuild; nothing is known about their values."""


def check_marts(
    warehouse: Warehouse, settings: MartSettings, marts: Sequence[Mart], report: Callable[[str], None]
) -> Mapping[str, Sequence[CheckResult]]:
    """Refresh marts, check all rows, and compare the marts with their rebuild; return the results by mart.

    The rebuild takes as long as `cdp-etl marts rebuild --all`, and loads wait for it. The memory limit of the
    warehouse holds for the fresh process too. On disk that process needs up to twice the size of the warehouse.
    The next refresh rebuilds a mart with a failed check before anything is published.

    Args:
        warehouse: The warehouse.
        settings: Settings of the marts.
        marts: Marts to check. A change log is not compared, because it is not a function of its inputs.
        report: Called with a sentence at each step.

    Returns:
        The results. If the refresh of a mart fails, its results are also those of the marts that read it.

    Raises:
        FullCheckError: If the process fails, the disk is too small, or loads do not stop.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    results: dict[str, list[CheckResult]] = {}
    comparable = []
    for mart in marts:
        report(f"Checking {mart.table} …")
        try:
            results[mart.name] = list(check_mart(warehouse, mart, settings))
        except MartCheckError as error:
            results[mart.name] = list(error.results)
        else:
            comparable += [mart] if mart.change_log_of is None else []
    try:
        for result in _compare_with_rebuild(warehouse, settings, comparable, report) if comparable else []:
            results[result.check.mart].append(result)
    finally:  # a comparison that fails does not hide what the checks before it found
        mark_failed_checks(
            warehouse, [mart for mart in marts if not all(result.passed for result in results[mart.name])]
        )
    return results


def _compare_with_rebuild(
    warehouse: Warehouse, settings: MartSettings, marts: Sequence[Mart], report: Callable[[str], None]
) -> Sequence[CheckResult]:
    for _ in range(_MAX_ATTEMPTS):
        refresh_marts(warehouse, settings, marts)
        found = []
        for answer in _answers(request_line(warehouse, settings, [mart.name for mart in marts])):
            match answer:
                case {"progress": str(sentence)}:
                    report(sentence)
                case {"mart": str(name), **figures}:
                    found.append(CheckResult(equals_its_rebuild(mart_named(name)), "all rows", **figures))
                case {"error": str(sentence)}:
                    raise FullCheckError(sentence)
        if len(found) == len(marts):
            return found
    raise FullCheckError(
        "The marts were not compared with their rebuild, because loads changed the warehouse meanwhile. Run"
        " `cdp-etl check --full` when no load is running."
    )


def request_line(warehouse: Warehouse, settings: MartSettings, marts: Sequence[str]) -> bytes:
    """Return the line that the worker reads: the warehouse with its limits, the settings, and names of marts."""
    limits = {
        "path": str(warehouse.path),
        "lock_timeout_seconds": warehouse.lock_timeout_seconds,
        "memory_limit": warehouse.memory_limit,
        "threads": warehouse.threads,
        "business_timezone": warehouse.business_timezone,
    }
    return json.dumps({"warehouse": limits, "settings": asdict(settings), "marts": marts}).encode() + b"\n"


def _answers(request: bytes) -> Iterator[_Answer]:
    """Yield the lines of the worker; it ends itself when its standard input is closed."""
    command = [sys.executable, "-m", rebuild_worker.__name__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe) as process:  # noqa: S603 - our own module
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it has ended: its status says so
            process.stdin.write(request)
        yield from map(json.loads, process.stdout)
    if process.returncode != 0:
        raise FullCheckError(
            f"The process that rebuilds the marts ended with status {process.returncode} (a negative status is a"
            " signal, -9 often that memory was short). Run `cdp-etl check --full` again."
        )

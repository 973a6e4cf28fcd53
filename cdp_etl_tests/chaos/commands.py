"""Commands of `cdp-etl` in processes of their own that can be killed, or whose calls on the disk can fail.

The processes are forked by a server that has the imports, so a command costs little more than its work. `load` is
`cdp-etl run` without Dagster: the same stages by the same functions, at a quarter of the CPU time.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp_etl.cli.app import _report_unexpected
from cdp_etl.entities import BY_NAME
from cdp_etl.errors import CdpEtlError
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.dump_pipeline import DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl.settings import load_settings
from cdp_etl_tests.faults import Call, calls, failing

_SETTINGS = {
    "CDP_ETL_MEMORY_LIMIT": "500MiB",
    "CDP_ETL_THREADS": "1",
    "CDP_ETL_LOCK_TIMEOUT_SECONDS": "20",
    "CDP_ETL_KEEP_SUPERSEDED_DAYS": "1",
    "CDP_ETL_FIRST_DUMP_DATE": "2026-03-01",
    "POLARS_MAX_THREADS": "1",
    "COLUMNS": "100000",
}
_PRELOADED = [
    "cdp_etl.cli.app",
    "cdp_etl.cli.check",
    "cdp_etl.cli.maintenance",
    "cdp_etl.cli.marts",
    "cdp_etl.cli.quarantine",
    "cdp_etl.cli.run",
    "cdp_etl.normalize",
    "cdp_etl.sample",
    "cdp_etl_tests.end_to_end.comparing",
    "cdp_etl_tests.faults",
]
_OUTPUTS = ("stdout.txt", "stderr.txt")
_TICKS = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.02
_MAX_SECONDS = 1200

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOADED)


@dataclass(frozen=True)
class Ended:
    """An ended command.

    Attributes:
        code: Exit status; negative if a signal ended it.
        reported: What it printed to standard error.
        printed: What it printed to standard output.
        cpu_seconds: CPU time of its process.
        calls: Its calls on the disk, if they were to be collected.
    """

    code: int
    reported: str
    printed: str
    cpu_seconds: float
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A call on the disk that fails once, with an errno."""

    call: Call
    number: int


Watch = Callable[[int, float], None]
"""Called repeatedly while a command runs, with its process id and its CPU seconds so far."""


def run(
    home: Path,
    arguments: Sequence[str],
    *,
    fault: Fault | None = None,
    collects_calls: bool = False,
    watch: Watch | None = None,
) -> Ended:
    """Run a command in a folder, with settings for a small installation, and wait for its end."""
    with TemporaryDirectory() as folder:  # not in `home`, whose disk may be full
        outputs = Path(folder)
        seen = outputs / "calls.json" if collects_calls else None
        process = _context.Process(target=_command, args=(home, outputs, list(arguments), fault, seen))
        cpu = _wait(process, watch)
        found = [] if seen is None else [Call(*one) for one in json.loads(seen.read_text())]
        printed, reported = ((outputs / name).read_text("utf-8", errors="replace") for name in _OUTPUTS)
    return Ended(process.exitcode or 0, reported, printed, cpu, tuple(found))


def _wait(process: ForkServerProcess, watch: Watch | None) -> float:
    """Run a process to its end, and return its CPU seconds."""
    process.start()
    assert process.pid is not None
    cpu, until = 0.0, time.monotonic() + _MAX_SECONDS
    while process.is_alive():
        cpu = _cpu_seconds(process.pid) or cpu
        if watch is not None:
            watch(process.pid, cpu)
        if time.monotonic() > until:
            process.kill()
        process.join(_POLL_SECONDS)
    with suppress(ProcessLookupError):  # helpers of a killed process, which end by themselves only after a while
        os.killpg(process.pid, signal.SIGKILL)
    return cpu


def kill_after(cpu_seconds: float) -> Watch:
    """Return a watch that kills the process after so much CPU time, wherever it is then."""

    def watch(pid: int, used: float) -> None:
        if used >= cpu_seconds:
            os.kill(pid, signal.SIGKILL)

    return watch


def _command(home: Path, outputs: Path, arguments: Sequence[str], fault: Fault | None, seen: Path | None) -> None:
    for stream, name in enumerate(_OUTPUTS, start=1):
        os.dup2(os.open(outputs / name, os.O_WRONLY | os.O_CREAT), stream)
    os.setsid()
    os.chdir(home)
    _set_environment(_SETTINGS | {"CDP_ETL_DATA": str(home / "data")})
    sys.argv = ["cdp-etl", *arguments]
    from cdp_etl.cli import main  # noqa: PLC0415 - preloaded by the server

    try:
        with _injection(home, fault, seen):
            if arguments[0] == "load":
                sys.excepthook = _report_unexpected
                sys.exit(_load(arguments[1:]))
            main()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)


def _load(arguments: Sequence[str]) -> int:
    """Load dumps and publish, as `cdp-etl run` does; return the exit status."""
    parser = argparse.ArgumentParser()
    for name in ("--from", "--to"):
        parser.add_argument(name, type=date.fromisoformat)
    parser.add_argument("--entity", action="append")
    for name in ("--deep", "--force"):
        parser.add_argument(name, action="store_true")
    options = vars(parser.parse_args(arguments))
    restrict_new_files()
    settings, code = load_settings(), 0
    try:
        for entity in options["entity"]:
            for number in range(((options["to"] or options["from"]) - options["from"]).days + 1):
                request = DumpRequest(
                    BY_NAME[entity],
                    options["from"] + timedelta(days=number),
                    LOAD_LAYERS,
                    force=options["force"],
                    full_rescan=options["deep"],
                )
                outcome = process_dump(settings, request, lambda _: None)
                if outcome.error is not None:
                    code = 1
                    sys.stderr.write(f"{outcome.error}\n")
        publish(settings.open_warehouse(), settings.published, settings.mart_settings(), settings.publish_rules())
    except CdpEtlError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return code


def _set_environment(settings: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("CDP_", "DAGSTER_"))]:
        del os.environ[name]
    os.environ.update(settings)


class _Collecting(AbstractContextManager[None]):
    """Writes the calls of the block to a file."""

    def __init__(self, folder: Path, file: Path) -> None:
        self._calls, self._file = calls(folder), file

    def __enter__(self) -> None:
        self._seen = self._calls.__enter__()

    def __exit__(self, *error: object) -> None:
        self._calls.__exit__(None, None, None)
        self._file.write_text(json.dumps([(call.event, call.place) for call in self._seen]))


def _injection(folder: Path, fault: Fault | None, seen: Path | None) -> AbstractContextManager[object]:
    if seen is not None:
        return _Collecting(folder, seen)
    return nullcontext() if fault is None else failing(folder, fault.call, fault.number, must_happen=False)


def _cpu_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS

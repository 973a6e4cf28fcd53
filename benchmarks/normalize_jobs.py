"""Jobs that `normalize.py` measures, each in a process of its own.

    python benchmarks/normalize_jobs.py <job> <options as JSON>

prints wall seconds, CPU seconds and peak resident memory.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from normalize_dumps import DAY, MAIN

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.durable_files import hash_file
from cdp_etl.entities import BY_NAME
from cdp_etl.normalize import normalize_dump
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.jit.raw_memory import address_of
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.dispatch import decode
from cdp_etl.normalize.reference_path import Quarantined, validate_record

_STATUS = Path("/proc/self/status")
_DLT = "dlt[duckdb,parquet,filesystem]"


class Measurement(NamedTuple):
    """One run."""

    seconds: float
    cpu: float
    peak_mib: float


class Job(NamedTuple):
    """A measured job: its name, or "dlt", and its options."""

    name: str
    options: dict[str, Any]


@dataclass(frozen=True)
class File:
    """A file of a dump, as landing returns it."""

    path: str
    bytes: int
    sha256: str
    order: int | None = None


def measure(job: Job) -> Measurement:
    """Run a job in a separate process."""
    if job.name == "dlt":
        return _dlt(job.options)
    command = [sys.executable, __file__, job.name, json.dumps(job.options)]
    if processors := job.options.get("processors"):
        chosen = sorted(os.sched_getaffinity(0))[:processors]
        command = ["taskset", "-c", ",".join(map(str, chosen)), *command]
    return Measurement(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def normalizing(folder: Path, entity: str = MAIN, processors: int | None = None) -> Job:
    """Return the job that normalizes a dump, with one worker for each of its processors; None means all."""
    return Job("normalize", {"folder": str(folder), "entity": entity, "processors": processors})


def peer_environment(work: Path) -> Path:
    """Create an environment with the latest dlt, which is not a dependency of this project."""
    folder = work / "peer"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", _DLT], check=True)
    return python


def peer_version(python: Path) -> str:
    """Return the version of dlt in an environment."""
    code = "from importlib.metadata import version; print(version('dlt'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _bare(options: dict[str, Any]) -> None:
    """Read a dump with DuckDB alone, all contract fields as text. Invalid lines become rows of nulls."""
    names = [field.contract_name for field in BY_NAME[MAIN].fields]
    columns = "{" + ", ".join(f"{name}: 'VARCHAR'" for name in names) + "}"
    readers = {
        "json": f"read_json('FOLDER/*.ndjson', format='newline_delimited', ignore_errors=true, columns={columns})",
        "csv": "read_csv('FOLDER/*.csv', all_varchar=true, ignore_errors=true, strict_mode=false, header=true)",
        "parquet": "read_parquet('FOLDER/*.parquet')",
    }
    with duckdb.connect() as connection:
        reader = readers[options["reader"]].replace("FOLDER", options["folder"])
        connection.sql(f"SELECT * FROM {reader}").to_arrow_table()


def _files(folder: Path) -> Sequence[File]:
    return [
        File(path.name, path.stat().st_size, hash_file(path))
        for path in sorted(folder.iterdir())
        if not path.name.startswith("_")
    ]


def _normalize(options: dict[str, Any]) -> None:
    folder = Path(options["folder"])
    with tempfile.TemporaryDirectory(dir=folder.parents[1]) as lake:
        normalize_dump(
            BY_NAME[options["entity"]], DAY, folder, _files(folder), Path(lake), NormalizationSettings()
        )


def _exact(options: dict[str, Any]) -> None:
    """Validate every record by the reference path; nothing is derived or written."""
    folder, entity = Path(options["folder"]), BY_NAME[MAIN]
    context = ValidationContext(NormalizationSettings(), DAY)
    for file in _files(folder):
        for rows in decode(entity, file.path, folder / file.path, ReadBounds(32 << 20, 16 << 20)):
            for row in range(len(rows.positions)):
                record = rows.record(row)
                if not isinstance(record, Quarantined):
                    validate_record(entity, record, context)


def _dlt(options: dict[str, Any]) -> Measurement:
    hints = {
        field.contract_name: {
            "data_type": {"Double": "double", "Boolean": "bool", "String": "text"}.get(
                field.column.type, "bigint"
            ),
            "nullable": True,
        }
        for field in BY_NAME[MAIN].fields
    } | {
        "customFieldTexts": {"data_type": "json", "nullable": True},
        "customFieldNumbers": {"data_type": "json", "nullable": True},
        "ignoredUpdateCfs": {"data_type": "json", "nullable": True},
        "productId": {"data_type": "text", "nullable": True},
        "appVersion": {"data_type": "text", "nullable": True},
        "score": {"data_type": "double", "nullable": True},
    }
    with tempfile.TemporaryDirectory() as work:
        peer = Path(__file__).with_name("dlt_peer.py")
        command = [options["python"], peer, options["folder"], work, json.dumps(hints)]
        environment = os.environ | {"HOME": work}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result = json.loads(done.stdout.splitlines()[-1])
    return Measurement(result["seconds"], result["cpu"], result["peak_mib"])


def _peak_mib() -> float:
    """Return the peak resident memory, if possible without the memory of the parent process before exec."""
    if _STATUS.exists():
        (line,) = (line for line in _STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run one job and print its measurement."""
    jobs: dict[str, Callable[[dict[str, Any]], None]] = {"bare": _bare, "normalize": _normalize, "exact": _exact}
    job, options = sys.argv[1], json.loads(sys.argv[2])
    if job != "bare":
        data, spans = np.frombuffer(b"{}", np.uint8), np.empty(2, np.int64)
        # numba's own start, once a process, is no part of normalizing a dump
        find_entries(address_of(data), 0, len(data), address_of(spans))
    started, cpu = time.perf_counter(), time.process_time()
    jobs[job](options)
    print(json.dumps([time.perf_counter() - started, time.process_time() - cpu, _peak_mib()]))


if __name__ == "__main__":
    main()

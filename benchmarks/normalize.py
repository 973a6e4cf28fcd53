"""What normalizing a dump costs, beside the bare readers and the tools people use today.

    python benchmarks/normalize.py [--rows 200000] [--runs 3] [--dlt] [--out benchmarks/results.md]

Every measurement is a process of its own; those of one group run in turn, so that what else the machine does falls
on all of them alike. Figures are medians of processor seconds; ratios are of one group. `--dlt` makes an
environment for dlt (with uv or venv) below the work folder and measures it too.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from cdp_etl.contract.record import JudgeContext
from cdp_etl.contract.rules import Rules
from cdp_etl.entities import BY_NAME
from cdp_etl.normalize import normalize_dump
from cdp_etl.normalize.byte_stream import ReadBounds
from cdp_etl.normalize.decode import decode
from cdp_etl.normalize.exact_lane import Refused, judge
from cdp_etl.sample import generate

if TYPE_CHECKING:
    from cdp_etl.contract.dump_files import Compression, DataFormat

DAY = date(2026, 3, 1)
MAIN = "customer-product-activity"
GROUPS = ("formats", "entities", "ways", "memory")


class Measured(NamedTuple):
    """One run."""

    seconds: float
    cpu: float
    peak_mib: float


@dataclass(frozen=True)
class File:
    """A file of a dump, as landing would tell of it; what is measured reads it once and trusts the name."""

    path: str
    bytes: int
    sha256: str


def main() -> None:
    """Run one measured job (as a child) or the whole comparison."""
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(_child(sys.argv[2], json.loads(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dlt", action="store_true", help="measure dlt too, in an environment of its own")
    parser.add_argument("--memory-rows", type=int, nargs="*", default=[], help="sizes to measure peak memory at")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS, help="which tables to make")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-normalize-") as work:
        report = _compare(Path(work), arguments)
    if arguments.out is not None:
        arguments.out.write_text(report, "utf-8")
    print(report)


def _compare(work: Path, arguments: argparse.Namespace) -> str:
    groups: dict[str, Callable[[Path, argparse.Namespace], list[str]]] = {
        "formats": _formats,
        "entities": _entities,
        "ways": _ways,
        "memory": _memory,
    }
    tables = [line for name in arguments.groups for line in groups[name](work, arguments)]
    return "\n".join([*_heading(arguments.runs), *tables])


def _formats(work: Path, arguments: argparse.Namespace) -> list[str]:
    dumps = _dumps(work, arguments.rows)
    measured = _interleaved(
        arguments.runs,
        {
            "bare read_json": ("bare", {"path": str(dumps["ndjson"]), "reader": "json"}),
            "NDJSON": _job(dumps["ndjson"], MAIN),
            "NDJSON .gz": _job(dumps["gz"], MAIN),
            "NDJSON .zst": _job(dumps["zst"], MAIN),
            "NDJSON, every number is text": _job(dumps["text"], MAIN),
            "JSON array": _job(dumps["json"], MAIN),
            "bare read_csv": ("bare", {"path": str(dumps["csv"]), "reader": "csv"}),
            "CSV": _job(dumps["csv"], MAIN),
            "bare read_parquet": ("bare", {"path": str(dumps["parquet"]), "reader": "parquet"}),
            "Parquet": _job(dumps["parquet"], MAIN),
        },
    )
    beside = {
        "NDJSON": "bare read_json",
        "NDJSON .gz": "NDJSON",
        "NDJSON .zst": "NDJSON",
        "NDJSON, every number is text": "NDJSON",
        "JSON array": "NDJSON",
        "CSV": "bare read_csv",
        "Parquet": "bare read_parquet",
    }
    title = f"## Formats: {arguments.rows:,} records of {MAIN}, 3% bad"
    return [title, "", *_table(measured, beside, arguments.rows), ""]


def _entities(work: Path, arguments: argparse.Namespace) -> list[str]:
    rows = arguments.rows // 2
    generate(work / "entities", DAY, 1, rows)
    jobs = {name: _job(work / "entities" / name / DAY.isoformat(), name) for name in BY_NAME}
    title = f"## Entities: {rows:,} records each, NDJSON"
    return [title, "", *_table(_interleaved(arguments.runs, jobs), {}, rows), ""]


def _ways(work: Path, arguments: argparse.Namespace) -> list[str]:
    rows = min(arguments.rows, 100_000)
    generate(work / "clean", DAY, 1, rows, entities=[MAIN], dirty=0.0)
    clean = work / "clean" / MAIN / DAY.isoformat()
    jobs: dict[str, Any] = {
        "both lanes": _job(clean, MAIN),
        "exact lane alone": ("exact", {"folder": str(clean)}),
    }
    if arguments.dlt:
        jobs["dlt"] = ("dlt", {"folder": str(clean), "python": str(_peer_environment(work))})
    measured = _interleaved(arguments.runs, jobs)
    beside = dict.fromkeys((name for name in jobs if name != "both lanes"), "both lanes")
    title = f"## The same clean lines by other ways: {rows:,} records"
    return [title, "", *_table(measured, beside, rows), "", *_WHAT_THEY_DO_NOT, ""]


def _memory(work: Path, arguments: argparse.Namespace) -> list[str]:
    measured: dict[str, list[Measured]] = {}
    for rows in arguments.memory_rows:
        generate(work / "memory", DAY, 1, rows, entities=[MAIN])
        measured |= _interleaved(1, {f"{rows:,} records": _job(work / "memory" / MAIN / DAY.isoformat(), MAIN)})
        shutil.rmtree(work / "memory")
    return ["## Memory", "", *_table(measured, {}, None), ""] if measured else []


def _job(folder: Path, entity: str) -> tuple[str, dict[str, Any]]:
    return "normalize", {"folder": str(folder), "entity": entity}


def _dumps(work: Path, rows: int) -> dict[str, Path]:
    made: dict[str, Path] = {}
    kinds: tuple[tuple[str, DataFormat, Compression], ...] = (
        ("ndjson", "ndjson", "none"),
        ("gz", "ndjson", "gz"),
        ("zst", "ndjson", "zst"),
        ("json", "json", "none"),
        ("csv", "csv", "none"),
        ("parquet", "parquet", "none"),
    )
    for name, format_, compression in kinds:
        generate(work / name, DAY, 1, rows, entities=[MAIN], format=format_, compression=compression)
        made[name] = work / name / MAIN / DAY.isoformat()
    made["text"] = work / "text" / DAY.isoformat()
    _write_numbers_as_text(made["ndjson"], made["text"])
    return made


def _write_numbers_as_text(source: Path, target: Path) -> None:
    """Write every number of every good line as text, as many exports do."""
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.ndjson")):
        with path.open("rb") as lines, (target / path.name).open("wb") as out:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    out.write(line)
                    continue
                if isinstance(record, dict):
                    record = {key: _number_as_text(value) for key, value in record.items()}
                out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _interleaved(runs: int, jobs: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, list[Measured]]:
    measured: dict[str, list[Measured]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, (kind, options) in jobs.items():
            measured[name].append(_dlt(options) if kind == "dlt" else _in_process(kind, options))
            print(f"{name}: {measured[name][-1].cpu:.2f} CPU s", file=sys.stderr)
    return measured


def _in_process(kind: str, options: dict[str, Any]) -> Measured:
    command = [sys.executable, __file__, "child", kind, json.dumps(options)]
    return Measured(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _child(kind: str, options: dict[str, Any]) -> Measured:
    jobs: dict[str, Callable[[dict[str, Any]], None]] = {"bare": _bare, "normalize": _normalize, "exact": _exact}
    begun, cpu = time.perf_counter(), time.process_time()
    jobs[kind](options)
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    return Measured(seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _bare(options: dict[str, Any]) -> None:
    """Read a dump with DuckDB alone, every contract field as text; bad lines become rows of nulls."""
    names = [field.contract_name for field in BY_NAME[MAIN].fields]
    columns = "{" + ", ".join(f"{name}: 'VARCHAR'" for name in names) + "}"
    readers = {
        "json": f"read_json('FOLDER/*.ndjson', format='newline_delimited', ignore_errors=true, columns={columns})",
        "csv": "read_csv('FOLDER/*.csv', all_varchar=true, ignore_errors=true, strict_mode=false, header=true)",
        "parquet": "read_parquet('FOLDER/*.parquet')",
    }
    with duckdb.connect() as connection:
        reader = readers[options["reader"]].replace("FOLDER", options["path"])
        connection.sql(f"SELECT * FROM {reader}").to_arrow_table()


def _files(folder: Path) -> Sequence[File]:
    return [
        File(path.name, path.stat().st_size, hashlib.sha256(path.name.encode()).hexdigest())
        for path in sorted(folder.iterdir())
        if not path.name.startswith("_")
    ]


def _normalize(options: dict[str, Any]) -> None:
    folder = Path(options["folder"])
    with tempfile.TemporaryDirectory(dir=folder.parents[1]) as lake:
        normalize_dump(BY_NAME[options["entity"]], DAY, folder, _files(folder), Path(lake), Rules())


def _exact(options: dict[str, Any]) -> None:
    """Judge every record by the exact lane; nothing is derived or written."""
    folder, entity = Path(options["folder"]), BY_NAME[MAIN]
    context = JudgeContext(Rules(), DAY)
    for file in _files(folder):
        for rows in decode(entity, file.path, folder / file.path, ReadBounds(32 << 20, 16 << 20)):
            for row in range(len(rows.positions)):
                record = rows.record(row)
                if not isinstance(record, Refused):
                    judge(entity, record, context)


def _peer_environment(work: Path) -> Path:
    """Make an environment with the newest dlt; it is no dependency of the product."""
    place = work / "peer"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "dlt[duckdb,parquet,filesystem]"], check=True)
    return python


def _dlt(options: dict[str, Any]) -> Measured:
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
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told["seconds"], told["cpu"], told["peak_mib"])


_WHAT_THEY_DO_NOT = (
    "The bare readers check nothing, derive nothing and keep no bad line: `read_json` with `ignore_errors`",
    "turns one into a row of nulls. The exact lane alone writes nothing and derives nothing.",
    "dlt loads into DuckDB, which normalizing does not; it stops at a line that is no JSON,",
    "knows no versions, and normalizes no contact.",
)


def _heading(runs: int) -> list[str]:
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "pyarrow", "pydantic"))
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    return [
        "# What normalizing costs",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {versions}.",
        "Written by `python benchmarks/normalize.py`.",
        f"Medians of {runs} interleaved runs, each in a process of its own.",
        "",
    ]


def _table(measured: dict[str, list[Measured]], beside: dict[str, str], rows: int | None) -> list[str]:
    lines = [
        "| | CPU s | least to most | wall s | peak MiB | µs CPU a record | times |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, runs in measured.items():
        cpu = statistics.median(run.cpu for run in runs)
        other = beside.get(name)
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

"""Coverage-guided fuzzing of the decode step of each format, and of what the lanes make of its records.

    python -m cdp_etl_tests.normalize.fuzz_decode [--seconds 60] [--format FORMAT] [--corpus FOLDER]

A crash is anything but rows or a `DumpUnreadableError`, two lanes that differ, or positions that fall. Each
format starts from its committed corpus and has its share of the time; new inputs that reach new code are kept in
`--corpus`, where one is given. Not a test by itself: `make fuzz` runs it.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-untyped] # it ships no types

# What numba compiles cannot be instrumented as well: it reads the bytecode itself.
with atheris.instrument_imports(
    include=["cdp_etl.normalize", "cdp_etl.contract"],
    exclude=[
        f"cdp_etl.normalize.jit.{module.stem}"
        for module in (Path(__file__).parents[2] / "cdp_etl" / "normalize" / "jit").glob("*.py")
    ],
):
    from cdp_etl.contract.normalization_settings import Rules
    from cdp_etl.normalize import DumpUnreadableError
    from cdp_etl.normalize.exact_path import Accepted, Refused, judge
    from cdp_etl.normalize.fast_path.judge import take
    from cdp_etl.normalize.readers.byte_stream import ReadBounds
    from cdp_etl.normalize.readers.dispatch import decode
    from cdp_etl.normalize.record_batch import ROW, Rows

from cdp_etl.contract.base_record import JudgeContext
from cdp_etl.contract.table import judged_columns
from cdp_etl_tests.normalize.delivering import COMMENT, DUMP_DATE

CORPUS = Path(__file__).with_name("fuzz_corpus")
FORMATS = ("ndjson", "json", "csv", "parquet")
CONTEXT = JudgeContext(Rules(), DUMP_DATE)
BOUNDS = ReadBounds(batch_bytes=512, record_bytes=4_096)


def main() -> None:
    """Fuzz each format in a process of its own, or one format in this one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--format", choices=FORMATS)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    if arguments.format is None:
        for name in FORMATS:
            share = ["--seconds", str(max(arguments.seconds // len(FORMATS), 1)), "--format", name]
            kept = [] if arguments.corpus is None else ["--corpus", str(arguments.corpus)]
            subprocess.run(
                [sys.executable, "-m", "cdp_etl_tests.normalize.fuzz_decode", *share, *kept], check=True
            )
        return
    _fuzz(arguments.format, arguments.seconds, arguments.corpus)


def _fuzz(name: str, seconds: int, kept: Path | None) -> None:
    with TemporaryDirectory() as scratch:
        file = f"a.{name}"
        path = Path(scratch) / file
        found = (kept or Path(scratch) / "kept") / name
        found.mkdir(parents=True)

        def one(content: bytes) -> None:
            path.write_bytes(content)
            try:
                batches = list(decode(COMMENT, file, path, BOUNDS))
                _check(batches)
            except DumpUnreadableError:
                return

        options = [
            f"-max_total_time={seconds}",
            "-max_len=4096",
            "-print_final_stats=1",
            f"-artifact_prefix={scratch}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], one)
        atheris.Fuzz()


def _check(batches: list[Rows]) -> None:
    last = 0
    for rows in batches:
        for position in rows.positions.tolist():
            assert position >= last
            last = position
        taken = take(COMMENT, rows.columns(), CONTEXT).frame
        fast = dict(zip(taken[ROW].to_list(), taken.iter_rows(named=True), strict=True))
        for row in range(len(rows.positions)):
            record = rows.record(row)
            exact = record if isinstance(record, Refused) else judge(COMMENT, record, CONTEXT)
            if row in fast:
                assert isinstance(exact, Accepted)
                assert {column.name: fast[row][column.name] for column in judged_columns(COMMENT)} == exact.row
            elif isinstance(exact, Refused):
                assert exact.reasons
                assert isinstance(rows.raw(row), bytes)


if __name__ == "__main__":
    main()

"""Coverage-guided fuzzing of the readers of all formats, and of both validation paths.

    python -m cdp_etl_tests.normalize.fuzz_decode [--seconds 60] [--format FORMAT] [--corpus FOLDER]

Failures are: an error other than `DumpUnreadableError`, paths that differ, or positions that decrease. Each format
starts from its committed corpus and has an equal share of the time. Inputs that reach new code are stored in
`--corpus` if it is given. pytest does not collect this module; `make fuzz` runs it.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-untyped] # it ships no types

# numba reads the bytecode itself, so code that it compiles cannot be instrumented.
with atheris.instrument_imports(
    include=["cdp_etl.normalize", "cdp_etl.contract"],
    exclude=[
        f"cdp_etl.normalize.jit.{module.stem}"
        for module in (Path(__file__).parents[2] / "cdp_etl" / "normalize" / "jit").glob("*.py")
    ],
):
    from cdp_etl.contract.normalization_settings import NormalizationSettings
    from cdp_etl.normalize import DumpUnreadableError
    from cdp_etl.normalize.fast_path.validate import validate_columns
    from cdp_etl.normalize.readers.byte_stream import ReadBounds
    from cdp_etl.normalize.readers.dispatch import decode
    from cdp_etl.normalize.record_batch import ROW, RecordBatch
    from cdp_etl.normalize.reference_path import Accepted, Quarantined, validate_record

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.table import validated_columns
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE

CORPUS = Path(__file__).with_name("fuzz_corpus")
FORMATS = ("ndjson", "json", "csv", "parquet")
CONTEXT = ValidationContext(NormalizationSettings(), DUMP_DATE)
BOUNDS = ReadBounds(batch_bytes=512, record_bytes=4_096)


def main() -> None:
    """Fuzz each format in a process of its own, or one format in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--format", choices=FORMATS)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    if arguments.format is None:
        for name in FORMATS:
            share = ["--seconds", str(max(arguments.seconds // len(FORMATS), 1)), "--format", name]
            corpus = [] if arguments.corpus is None else ["--corpus", str(arguments.corpus)]
            subprocess.run(
                [sys.executable, "-m", "cdp_etl_tests.normalize.fuzz_decode", *share, *corpus], check=True
            )
        return
    _fuzz(arguments.format, arguments.seconds, arguments.corpus)


def _fuzz(name: str, seconds: int, corpus: Path | None) -> None:
    with TemporaryDirectory() as scratch:
        file = f"a.{name}"
        path = Path(scratch) / file
        found = (corpus or Path(scratch) / "corpus") / name
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


def _check(batches: list[RecordBatch]) -> None:
    last = 0
    for batch in batches:
        for position in batch.positions.tolist():
            assert position >= last
            last = position
        frame = validate_columns(COMMENT, batch.columns(), CONTEXT).frame
        fast = dict(zip(frame[ROW].to_list(), frame.iter_rows(named=True), strict=True))
        for row in range(len(batch.positions)):
            record = batch.record(row)
            reference = record if isinstance(record, Quarantined) else validate_record(COMMENT, record, CONTEXT)
            if row in fast:
                assert isinstance(reference, Accepted)
                assert {
                    column.name: fast[row][column.name] for column in validated_columns(COMMENT)
                } == reference.row
            elif isinstance(reference, Quarantined):
                assert reference.reasons
                assert isinstance(batch.raw(row), bytes)


if __name__ == "__main__":
    main()

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
    from cdp_etl.normalize import DumpUnreadableError
    from cdp_etl.normalize.readers.dispatch import decode
    from cdp_etl_tests.normalize.paths import FUZZ_BOUNDS, FUZZ_CORPUS, assert_file_agrees

from cdp_etl_tests.normalize.harness import COMMENT

FORMATS = ("ndjson", "json", "csv", "parquet")


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
                assert_file_agrees(COMMENT, list(decode(COMMENT, file, path, FUZZ_BOUNDS)))
            except DumpUnreadableError:
                return

        options = [
            f"-max_total_time={seconds}",
            "-max_len=4096",
            "-print_final_stats=1",
            f"-artifact_prefix={scratch}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(found), str(FUZZ_CORPUS / name)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

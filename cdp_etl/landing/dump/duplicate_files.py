"""Duplicate files in one dump: reported as findings, never a reason to refuse the dump."""

import sys
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from itertools import combinations, zip_longest
from pathlib import Path
from typing import IO, cast

from isal import igzip, igzip_lib

from cdp_etl.contract.file_names import without_compression
from cdp_etl.landing.models import DumpFile
from cdp_etl.landing.zones.path_safety import printable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_CHUNK_BYTES = 1024 * 1024
_MAX_EXPANSION = 200  # protects against decompression bombs: a file that expands further is not compared
_BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, igzip_lib.IsalError, zstd.ZstdError)  # type: ignore[assignment]  # isal declares its error class as an instance


def find_duplicate_files(files: Sequence[DumpFile], sources: Mapping[str, Path]) -> list[str]:
    """Return a sentence for each group of files with equal content, before or after decompression.

    Decompresses only files whose names differ in the compression suffix alone, such as `a.csv` and `a.csv.gz`.

    Args:
        files: The data files of the dump.
        sources: Location of each file, by its path in the dump.
    """
    by_hash: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    by_stem: defaultdict[str, list[DumpFile]] = defaultdict(list)
    for file in files:
        by_hash[file.sha256, *_folder_values(file.path)].append(file.path)
        by_stem[without_compression(file.path)].append(file)
    findings = [
        f"{printable(paths[0])} and {', '.join(map(printable, paths[1:]))} have the same content"
        for paths in by_hash.values()
        if len(paths) > 1
    ]
    for candidates in by_stem.values():
        findings += [
            f"{printable(one.path)} and {printable(other.path)} have the same content after decompression"
            for one, other in combinations(candidates, 2)
            if _has_same_content(sources[one.path], sources[other.path])
        ]
    return findings


def _folder_values(path: str) -> list[str]:
    """Return the folders that give a value to records: equal files in `a=1/` and `a=2/` hold different records."""
    return [folder for folder in path.split("/")[:-1] if "=" in folder]


def _has_same_content(one: Path, other: Path) -> bool:
    with closing(_chunks(one)) as left, closing(_chunks(other)) as right:
        try:
            return all(chunk == other_chunk for chunk, other_chunk in zip_longest(left, right))
        except _BROKEN:
            return False  # normalize decides whether a broken file is refused


def _chunks(path: Path) -> Generator[bytes]:
    remaining = path.stat().st_size * _MAX_EXPANSION
    with _open_decompressed(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            remaining -= len(chunk)
            if remaining < 0:
                raise EOFError
            yield chunk


def _open_decompressed(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", igzip.IGzipFile(path, "rb"))  # type: ignore[no-untyped-call]  # isal's stubs do not annotate it
    return cast("IO[bytes]", zstd.ZstdFile(path)) if start == b"\x28\xb5\x2f\xfd" else path.open("rb")

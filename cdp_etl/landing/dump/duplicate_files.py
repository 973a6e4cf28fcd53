"""What is odd about a delivery but no reason to refuse it: sentences for a person.

Put here findings that the files of one dump show by themselves (RULINGS 5).
"""

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
from cdp_etl.landing.zones.path_safety import shown

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE_BYTES = 1024 * 1024
_MOST_EXPANSION = 200  # of a compressed file: what unpacks to more is not compared, so that no bomb is unpacked
_BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, igzip_lib.IsalError, zstd.ZstdError)  # type: ignore[assignment]  # isal declares its error class as an instance


def find_twins(files: Sequence[DumpFile], places: Mapping[str, Path]) -> list[str]:
    """Find files of one dump that hold the same bytes, also where only their compression differs.

    `places` says where each file lies. Contents are unpacked only for names such as `a.csv` beside `a.csv.gz`.
    """
    by_hash: defaultdict[str, list[str]] = defaultdict(list)
    by_clear_name: defaultdict[str, list[DumpFile]] = defaultdict(list)
    for file in files:
        by_hash[file.sha256].append(file.path)
        by_clear_name[without_compression(file.path)].append(file)
    twins = [
        f"{shown(paths[0])} and {', '.join(map(shown, paths[1:]))} hold the same bytes"
        for paths in by_hash.values()
        if len(paths) > 1
    ]
    for alike in by_clear_name.values():
        twins += [
            f"{shown(one.path)} and {shown(other.path)} hold the same bytes once unpacked"
            for one, other in combinations(alike, 2)
            if _same_content(places[one.path], places[other.path])
        ]
    return twins


def _same_content(one: Path, other: Path) -> bool:
    with closing(_pieces(one)) as left, closing(_pieces(other)) as right:
        try:
            return all(mine == theirs for mine, theirs in zip_longest(left, right))
        except _BROKEN:
            return False  # whether a broken file is refused is decided where it is decoded


def _pieces(path: Path) -> Generator[bytes]:
    room = path.stat().st_size * _MOST_EXPANSION
    with _open_unpacked(path) as file:
        while piece := file.read(_PIECE_BYTES):
            room -= len(piece)
            if room < 0:
                raise EOFError
            yield piece


def _open_unpacked(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", igzip.IGzipFile(path, "rb"))  # type: ignore[no-untyped-call]  # isal's stubs leave it bare
    return cast("IO[bytes]", zstd.ZstdFile(path)) if start == b"\x28\xb5\x2f\xfd" else path.open("rb")

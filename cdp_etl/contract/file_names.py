"""Classification of delivered files by name alone: format, compression, encryption, role.

`cdp_etl.landing` lists files and rejects unsafe names; `cdp_etl.normalize` opens the files.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Literal

from natsort import natsort_keygen

from cdp_etl.errors import CdpEtlError

DataFormat = Literal["ndjson", "json", "csv", "parquet"]
Compression = Literal["none", "gz", "zst"]
CompanionKind = Literal["manifest", "marker", "checksum"]

MANIFEST = "_manifest.json"
MARKER = "_SUCCESS"
CHECKSUM_SUFFIX = ".sha256"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMATS: dict[str, DataFormat] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
_ENCRYPTIONS = (".pgp", ".gpg")
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_EXPECTED = (
    ".ndjson, .jsonl, .json or .csv (optionally followed by .gz or .zst) or .parquet, "
    "each followed by .pgp or .gpg if the file is encrypted"
)
_natural = natsort_keygen()


class UnknownDumpFileError(CdpEtlError):
    """The name of a file in a dump has none of the supported extensions."""


@dataclass(frozen=True)
class DataFile:
    """A file with records. `encrypted` is true if its name ends in `.pgp` or `.gpg`."""

    format: DataFormat
    compression: Compression
    encrypted: bool = False


@dataclass(frozen=True)
class Companion:
    """A file with metadata. For a checksum, `target` is the path of the file that it belongs to."""

    kind: CompanionKind
    target: str | None = None


@dataclass(frozen=True)
class Ignored:
    """A file whose name marks it as no data: hidden, or still being written."""


def classify(path: str) -> DataFile | Companion | Ignored:
    """Classify a file by its path relative to the dump's folder (docs/records.md, "The dump").

    Extensions are compared ignoring case. All files in a folder whose name starts with `_` or `.` are hidden.

    Raises:
        UnknownDumpFileError: If the name has none of the supported extensions, or the file is compressed Parquet.
    """
    if path == MANIFEST:
        return Companion("manifest")
    if path == MARKER:
        return Companion("marker")
    name = PurePosixPath(path).name
    if is_hidden(path) or name.lower().endswith(_UNFINISHED):
        return Ignored()
    if name.lower().endswith(CHECKSUM_SUFFIX):
        return Companion("checksum", target=path[: -len(CHECKSUM_SUFFIX)])
    return _data_file(path, name)


def is_hidden(path: str) -> bool:
    """Return whether any part of the path starts with `_` or `.`, which marks files that are not data."""
    return any(part.startswith(("_", ".")) for part in path.split("/"))


def without_encryption(path: str) -> str:
    """Return the path of the decrypted file: `a.csv.gpg` -> `a.csv`."""
    return path[: -len(_ENCRYPTIONS[0])] if path.lower().endswith(_ENCRYPTIONS) else path


def without_compression(path: str) -> str:
    """Return the path of the decompressed file: `a.csv.gz` -> `a.csv`."""
    suffix = PurePosixPath(path).suffix
    return path[: -len(suffix)] if suffix.lower() in _COMPRESSIONS else path


def delivery_order(path: str) -> tuple[Any, ...]:
    """Return the sort key of a dump's files: natural order of the path, so `part-2` comes before `part-10`.

    Folders are compared part by part. Paths that are equal in natural order (`a1`, `a01`) are compared as
    strings, so that the order is total.
    """
    return (tuple(_natural(part) for part in path.split("/")), path)


def _data_file(path: str, name: str) -> DataFile:
    clear_name = without_encryption(name)
    suffixes = [suffix.lower() for suffix in PurePosixPath(clear_name).suffixes]
    compression = _COMPRESSIONS.get(suffixes[-1], "none") if suffixes else "none"
    if compression != "none":
        suffixes.pop()
    file_format = _FORMATS.get(suffixes[-1]) if suffixes else None
    if file_format is None:
        raise UnknownDumpFileError(f"{path}: not a file that can be read; expected {_EXPECTED}")
    if file_format == "parquet" and compression != "none":
        raise UnknownDumpFileError(f"{path}: compressed Parquet is not supported; send it as .parquet")
    return DataFile(file_format, compression, encrypted=clear_name != name)


def dump_dates(names: Iterable[str]) -> list[date]:
    """Return the dump dates among the names in a folder, in order; others, such as `lost+found`, are left out."""
    return sorted(date.fromisoformat(name) for name in names if _DATE.fullmatch(name))

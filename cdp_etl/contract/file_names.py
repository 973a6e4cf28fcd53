"""What the name of a delivered file says: its format, or that it is no data.

Put here what follows from a file's name alone. Reading names from a server, and refusing dangerous ones,
belongs to `cdp_etl.landing`; opening the files belongs to `cdp_etl.normalize`.
"""

from dataclasses import dataclass
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
    ".ndjson, .jsonl, .json or .csv (each also with .gz or .zst behind it) or .parquet, "
    "and for an encrypted file .pgp or .gpg behind that"
)
_natural = natsort_keygen()


class UnknownDumpFileError(CdpEtlError):
    """A file lies in a dump whose name says none of the formats that are read."""


@dataclass(frozen=True)
class DataFile:
    """A file that holds records; `encrypted` is true where `.pgp` or `.gpg` stands behind the name."""

    format: DataFormat
    compression: Compression
    encrypted: bool = False


@dataclass(frozen=True)
class Companion:
    """A file that says something about the data; a checksum's `of` is the path of the file it is for."""

    kind: CompanionKind
    target: str | None = None


@dataclass(frozen=True)
class Ignored:
    """A file that is not data by its name: hidden, or still being written."""


def classify(path: str) -> DataFile | Companion | Ignored:
    """Say what a file is, by its path relative to the dump's folder (RECORDS, "The dump").

    Extensions match ignoring case. A folder whose name starts with `_` or `.` hides what is in it.

    Raises:
        UnknownDumpFileError: the name has none of the extensions that are read, or Parquet is compressed
            from outside.
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
    """Say whether a part of the path starts with `_` or `.`, which marks what is not data."""
    return any(part.startswith(("_", ".")) for part in path.split("/"))


def without_encryption(path: str) -> str:
    """Give the path that a decrypted file bears: `a.csv.gpg` -> `a.csv`."""
    return path[: -len(_ENCRYPTIONS[0])] if path.lower().endswith(_ENCRYPTIONS) else path


def without_compression(path: str) -> str:
    """Give the path that a decompressed file would bear: `a.csv.gz` -> `a.csv`."""
    suffix = PurePosixPath(path).suffix
    return path[: -len(suffix)] if suffix.lower() in _COMPRESSIONS else path


def delivery_order(path: str) -> tuple[Any, ...]:
    """Give the sort key of files within a dump: natural order of the path, `part-2` before `part-10`.

    RULINGS 5. Folders sort part by part; paths that are naturally equal (`a1`, `a01`) sort as text, so that
    the order is total.
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
        raise UnknownDumpFileError(f"{path}: Parquet compressed from outside is not read; send it as .parquet")
    return DataFile(file_format, compression, encrypted=clear_name != name)

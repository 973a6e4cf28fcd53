"""Classification of delivered files by name alone: format, compression, encryption, role.

`cdp_etl.landing` lists files and rejects unsafe names; `cdp_etl.normalize` opens the files.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

from cdp_etl.errors import CdpEtlError

DataFormat = Literal["ndjson", "json", "csv", "parquet"]
Compression = Literal["none", "gz", "zst"]
CompanionKind = Literal["manifest", "marker", "checksum", "md5", "trigger"]

MANIFEST = "_manifest.json"
MARKER = "_SUCCESS"
FOLDER_MARKER_SUFFIX = "_$folder$"
"""End of the name of an empty object that Hadoop writes for a folder."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMATS: dict[str, DataFormat] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_UNSPECIFIC = (".txt", "")
"""Extensions that say nothing about the format; `""` stands for none."""
_COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
_ENCRYPTIONS = (".pgp", ".gpg")
_OF_THE_DUMP: dict[str, CompanionKind] = {MANIFEST: "manifest", MARKER: "marker"}
_DIGESTS: dict[str, CompanionKind] = {".sha256": "checksum", ".md5": "md5"}
_TRIGGERS = (".done", ".ok")
_FILES_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_EXPECTED = (
    ".ndjson, .jsonl, .json, .csv, .tsv, .txt or no extension (optionally followed by .gz or .zst) or .parquet, "
    "each followed by .pgp or .gpg if the file is encrypted"
)
_OTHER_FORMATS = dict.fromkeys(
    (".zip", ".tar", ".tgz", ".7z", ".rar"), "an archive of files is not read; send its files"
)
_OTHER_FORMATS |= dict.fromkeys((".xlsx", ".xls"), "an Excel workbook is not read; save it as CSV")
"""Causes of refusals by extension, with what the partner can do."""


class UnknownDumpFileError(CdpEtlError):
    """The name of a file in a dump has an extension that is not supported."""


@dataclass(frozen=True)
class DataFile:
    """A file with records.

    `format` is None if the name does not say it, so that the content decides. `encrypted` is true if the name ends
    in `.pgp` or `.gpg`.
    """

    format: DataFormat | None
    compression: Compression
    encrypted: bool = False


@dataclass(frozen=True)
class Companion:
    """A file with metadata. For a checksum, `target` is the path of the file that it belongs to.

    The kind `trigger` is a file that another program writes alongside the data, and that says nothing to us.
    """

    kind: CompanionKind
    target: str | None = None


@dataclass(frozen=True)
class Ignored:
    """A file whose name marks it as no data: hidden, or still being written."""


def classify(path: str) -> DataFile | Companion | Ignored:
    """Classify a file by its path relative to the dump's folder (docs/records.md, "The dump").

    Extensions are compared ignoring case. All files in a folder whose name starts with `_` or `.` are hidden.

    Raises:
        UnknownDumpFileError: If the name has another extension, or the file is compressed Parquet.
    """
    name = PurePosixPath(path).name
    companion = _companion(path, name.lower())
    if companion is not None:
        return companion
    if is_hidden(path) or name.lower().endswith(_UNFINISHED) or name.endswith(FOLDER_MARKER_SUFFIX):
        return Ignored()
    return _data_file(path, name)


def _companion(path: str, name: str) -> Companion | None:
    if path in _OF_THE_DUMP:
        return Companion(_OF_THE_DUMP[path])
    if is_hidden(path):
        return None
    for suffix, kind in _DIGESTS.items():
        if name.endswith(suffix):
            return Companion(kind, target=path[: -len(suffix)])
    return Companion("trigger") if name.endswith(_TRIGGERS) or name in _FILES_OF_SYSTEMS else None


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


def split_suffixes(name: str) -> tuple[str, str]:
    """Split a file's name into its stem and its suffixes of format, compression and encryption."""
    known = {*_FORMATS, *_COMPRESSIONS, *_ENCRYPTIONS, ".txt"}
    stem = name
    while (suffix := PurePosixPath(stem).suffix).lower() in known:
        stem = stem[: -len(suffix)]
    return stem, name[len(stem) :]


def _data_file(path: str, name: str) -> DataFile:
    clear_name = without_encryption(name)
    plain_name = without_compression(clear_name)
    compression = _COMPRESSIONS.get(clear_name[len(plain_name) :].lower(), "none")
    suffix = PurePosixPath(plain_name).suffix.lower()
    if suffix not in {*_FORMATS, *_UNSPECIFIC}:
        raise UnknownDumpFileError(
            f"{path}: {_OTHER_FORMATS.get(suffix, f'not a file that can be read; expected {_EXPECTED}')}"
        )
    if suffix == ".parquet" and compression != "none":
        raise UnknownDumpFileError(f"{path}: compressed Parquet is not supported; send it as .parquet")
    return DataFile(_FORMATS.get(suffix), compression, encrypted=clear_name != name)


def dump_dates(names: Iterable[str]) -> list[date]:
    """Return the dump dates among the names in a folder, in order; others, such as `lost+found`, are left out."""
    return sorted(date.fromisoformat(name) for name in names if _DATE.fullmatch(name))

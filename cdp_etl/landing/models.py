"""What a pull is: the record of one dump as it was taken over, and how two of them differ.

Plain values; nothing here reads or writes. How a record is kept is `archive.py`.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

ReadyBy = Literal["manifest", "marker", "settled"]


@dataclass(frozen=True)
class Delivered:
    """An encrypted file as it was delivered, before it was decrypted into the archive."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DumpFile:
    """One data file in the raw archive.

    `path` is relative to the dump, with `/`. `modified_at` is the server's time, `pulled_at` ours, both UTC.
    `delivered` is set where the file was decrypted on its way. `expected_records` is what a manifest says.
    """

    path: str
    bytes: int
    sha256: str
    modified_at: datetime
    pulled_at: datetime
    etag: str | None = None
    delivered: Delivered | None = None
    expected_records: int | None = None

    @property
    def delivered_path(self) -> str:
        """The path the zone knows the file by."""
        return self.delivered.path if self.delivered else self.path

    @property
    def delivered_bytes(self) -> int:
        """The size the zone lists."""
        return self.delivered.bytes if self.delivered else self.bytes

    @property
    def delivered_sha256(self) -> str:
        """The hash of the bytes as they were delivered."""
        return self.delivered.sha256 if self.delivered else self.sha256


@dataclass(frozen=True)
class FileDifference:
    """How the files of one delivery differ from those of an earlier one, by path and content."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pull:
    """A dump in the raw archive.

    `files` are in the order of delivery and lie under `directory`. `fingerprint` covers paths and contents,
    `listing_fingerprint` what the zone listed, `pulled_at` is when that was, UTC. `is_new` is false where the
    pull before had the same content. `difference` compares with the pull before, and is None for the first.
    `findings` are sentences for a person: nothing in them stops a load.
    """

    entity: str
    dump_date: date
    directory: Path
    files: tuple[DumpFile, ...]
    fingerprint: str
    listing_fingerprint: str
    ready_by: ReadyBy
    pulled_at: datetime
    findings: tuple[str, ...]
    is_new: bool
    difference: FileDifference | None


def content_fingerprint(files: Iterable[DumpFile]) -> str:
    """Give the address of a content: SHA-256 over the paths and hashes of the files in order."""
    facts = [(file.path, file.sha256) for file in files]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def file_difference(before: Sequence[DumpFile], after: Sequence[DumpFile]) -> FileDifference:
    """Compare two deliveries of one dump by path and hash."""
    old = {file.path: file.sha256 for file in before}
    new = {file.path: file.sha256 for file in after}
    return FileDifference(
        added=tuple(path for path in new if path not in old),
        changed=tuple(path for path, sha256 in new.items() if old.get(path, sha256) != sha256),
        removed=tuple(path for path in old if path not in new),
    )

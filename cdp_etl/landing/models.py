"""Data classes of a pulled dump, and the difference between two pulls. `archive.py` stores them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

ReadyBy = Literal["manifest", "marker", "settled"]
"""Evidence of completeness; `settled` means that neither manifest nor marker exists and the files were stable."""


@dataclass(frozen=True)
class DeliveredFile:
    """An encrypted file as the partner delivered it. The archive contains the decrypted file."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DumpFile:
    """One data file in the raw archive.

    Attributes:
        path: Path relative to the dump, with `/`.
        bytes: Size.
        sha256: Hash of the content, in hexadecimal.
        modified_at: Time of the last change by the server's clock, in UTC.
        pulled_at: Time of the pull by the local clock, in UTC.
        etag: The object store's version of the content.
        delivered: The delivered file, if the pull decrypted it.
        expected_records: Number of records that the manifest declares.
        order: Place in the order of delivery that the manifest declares, from 1; None if the name determines it.
    """

    path: str
    bytes: int
    sha256: str
    modified_at: datetime
    pulled_at: datetime
    etag: str | None = None
    delivered: DeliveredFile | None = None
    expected_records: int | None = None
    order: int | None = None

    @property
    def delivered_path(self) -> str:
        """Path of the file in the zone."""
        return self.delivered.path if self.delivered else self.path

    @property
    def delivered_bytes(self) -> int:
        """Size of the file in the zone."""
        return self.delivered.bytes if self.delivered else self.bytes

    @property
    def delivered_sha256(self) -> str:
        """Hash of the file in the zone."""
        return self.delivered.sha256 if self.delivered else self.sha256


@dataclass(frozen=True)
class FileDifference:
    """Paths that differ between two deliveries of one dump."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pull:
    """A dump in the raw archive.

    Attributes:
        entity: Name of the entity.
        dump_date: Day the partner delivered the dump for.
        directory: Folder of the files.
        files: Data files in delivery order.
        fingerprint: Hash of all paths and contents.
        listing_fingerprint: Hash of the zone's listing.
        ready_by: Evidence that the dump was complete.
        pulled_at: Time of the pull, in UTC.
        findings: Sentences about oddities that do not stop a load.
        is_new: Whether the content differs from the previous pull.
        difference: Files that differ from the previous pull; None for the first pull.
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
    """Return the address of a content: SHA-256 over the paths and hashes of the files in order."""
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

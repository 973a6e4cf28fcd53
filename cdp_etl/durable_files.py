"""Files that are whole or not there: written beside, synced, and renamed into place.

Put here only the writing of bytes to disk. What the files mean is `archive.py` and `transfer.py`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

_READ_BYTES = 1024 * 1024


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last: without it a rename can be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file that another process wrote last."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file by `content`, so that a reader sees the old one or the new one."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def hash_file(path: Path) -> str:
    """Give a file's SHA-256 in hexadecimal, reading it in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PartFile:
    """A file that is being received, with the hash of what it holds so far.

    It is written as `<name>.part`. Left on purpose (whole or broken off) it is synced and renamed to `<name>`,
    where the next PartFile takes it up; left by a crash it stays `.part`, of which nothing can be trusted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._hash = hashlib.sha256()
        self.bytes = 0
        if not path.exists():
            self._file = self._part.open("wb", buffering=0)
            return
        path.replace(self._part)
        with self._part.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                self._hash.update(piece)
                self.bytes += len(piece)
        self._file = self._part.open("ab", buffering=0)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Add bytes at the end."""
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._hash.update(piece)
            self.bytes += len(piece)

    def leave(self) -> None:
        """Sync what there is and give it its name, for use or for going on later."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()
        self._part.replace(self._path)

    @property
    def sha256(self) -> str:
        """Hash of all bytes so far, those taken up included."""
        return self._hash.hexdigest()


def replace_durably(new: Path, path: Path) -> None:
    """Sync a finished file and give it the place of another, by rename."""
    sync_file(new)
    new.replace(path)
    sync_folder(path.parent)


def copy_durably(source: Path, path: Path) -> None:
    """Copy a file so that under its new name it is whole or not there."""
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, part)
        replace_durably(part, path)
    finally:
        part.unlink(missing_ok=True)

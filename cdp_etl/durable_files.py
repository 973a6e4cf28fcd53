"""Durable file operations: atomic writes, copies and replacements, resumable writes, hashes.

A file is written as `<name>.part`, synced to disk, then renamed. No reader sees half a file.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from cdp_etl.storage_errors import naming, require_free_bytes

_READ_BYTES = 1024 * 1024
_CLONED_BYTES = 1024**3
_NOT_CLONED = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""Errors by which a file system says that it cannot copy a range of a file by itself."""


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries to disk. Without it a power failure can undo a rename."""
    with naming(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(path: Path) -> None:
    """Sync a closed file to disk, also one that another process wrote."""
    with naming(path), path.open("rb") as file:
        os.fsync(file.fileno())


def write_file(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees either the old content or the new one."""
    part = part_of(path)
    try:
        with naming(part), part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)
    sync_folder(path.parent)


def copy_to_part(source: Path, part: Path) -> None:
    """Copy a file and sync it, for a caller that verifies the copy before it gets its name.

    The target's folder is created if it is missing. A failed copy is deleted.

    Raises:
        DiskFullError: If the disk has no space for the copy.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    require_free_bytes(part, source.stat().st_size)
    try:
        with naming(part):
            shutil.copyfile(source, part)
            sync_file(part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def clone_file(source: Path, target: Path, report: Callable[[int], object] = lambda _: None) -> None:
    """Copy a file; the copy shares the blocks of the source if the file system offers that.

    Backups use `copy_to_part`: damage of a shared block is damage of both files.

    Args:
        source: The file.
        target: The copy, which must not exist.
        report: Receives the bytes copied so far, after each GiB.
    """
    copied = 0
    with naming(target), source.open("rb", buffering=0) as read, target.open("xb", buffering=0) as write:
        try:
            while count := os.copy_file_range(read.fileno(), write.fileno(), _CLONED_BYTES):
                copied += count
                report(copied)
        except OSError as error:
            if error.errno not in _NOT_CLONED:
                raise
            shutil.copyfileobj(read, write, _READ_BYTES)


def replace_file(new: Path, path: Path) -> None:
    """Sync a finished file and rename it to `path`, replacing the file there."""
    sync_file(new)
    new.replace(path)
    sync_folder(path.parent)


def hash_file(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with naming(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PartialFile:
    """A file that is written in several attempts, with the hash of its content so far.

    While it is open its name is `<name>.part`. `close` renames it to `<name>`, also if it is incomplete, and the
    next PartialFile of that name appends to it. A crash leaves `<name>.part`, whose content is not trusted: the
    next PartialFile starts over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = part_of(path)
        self._hash = hashlib.sha256()
        self.bytes = 0
        if not path.exists():
            self._file = self._part.open("wb", buffering=0)
            return
        path.replace(self._part)
        with self._part.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                self._hash.update(chunk)
                self.bytes += len(chunk)
        self._file = self._part.open("ab", buffering=0)

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append bytes."""
        with naming(self._part):
            for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    rest = rest[self._file.write(rest) :]
                self._hash.update(chunk)
                self.bytes += len(chunk)

    def close(self) -> None:
        """Sync the content and rename the file from `<name>.part` to `<name>`."""
        try:
            with naming(self._part):
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
        self._part.replace(self._path)

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole content so far, in hexadecimal."""
        return self._hash.hexdigest()


def part_of(path: Path) -> Path:
    """Return the name of a file while it is written."""
    return path.with_name(path.name + ".part")

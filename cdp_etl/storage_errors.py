"""Errors of the local disk, as one sentence: the path, the fact, the bytes needed and free, what to do.

A failed write does not name its file, and native libraries report the errno as text only. `naming` adds the path
and the errno where the file is known. Names of files are no record values, so they may be shown.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp_etl.errors import CdpEtlError

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How Rust libraries (polars) write an errno into the text of their errors."""

_ADVICE = {
    errno.ENOSPC: "free disk space and repeat the command",
    errno.EDQUOT: "free disk space or raise the quota, and repeat the command",
    errno.EACCES: "check owner and mode of the path",
    errno.EPERM: "check owner and mode of the path",
    errno.EROFS: "mount the file system for writing",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.ENFILE: "raise the limit of open files of the machine",
    errno.EIO: "check the disk",
    errno.EUCLEAN: "check the file system",
    errno.EBADMSG: "check the disk",
}
_UNREADABLE = {errno.EIO, errno.EUCLEAN, errno.EBADMSG}
_FULL = {errno.ENOSPC, errno.EDQUOT}


class StorageError(CdpEtlError):
    """The local disk did not read or write a file. A retry succeeds once the cause is gone."""

    def __init__(self, error: OSError) -> None:
        number = _errno_of(error)
        fact = (os.strerror(number) if number else None) or type(error).__name__
        facts = [f"{path_of(error) or 'A local file'}: {fact}"]
        if number in _FULL:
            facts.append(f"{free_bytes(path_of(error) or Path.cwd())} bytes are free there")
        if number in _ADVICE:
            facts.append(_ADVICE[number])
        super().__init__("; ".join(facts) + ".")


class DiskFullError(CdpEtlError):
    """A file does not fit on the disk. Nothing was written."""

    def __init__(self, path: Path, needed: int, free: int) -> None:
        super().__init__(
            f"{path}: {needed} bytes are needed and {free} are free there; free disk space and repeat the command."
        )


def require_free_bytes(path: Path, needed: int) -> None:
    """Check that a file fits on its disk before it is written.

    Raises:
        DiskFullError: If it does not.
    """
    free = free_bytes(path)
    if free < needed:
        raise DiskFullError(path, needed, free)


def free_bytes(path: Path) -> int:
    """Return the free bytes of the disk of a path that need not exist yet."""
    existing = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    return shutil.disk_usage(existing).free


@contextmanager
def naming(path: Path, *native: type[Exception]) -> Iterator[None]:
    """Name the file in each error of the disk in the block.

    Args:
        path: The file or folder of the block.
        native: Errors of a native library that have an errno in their text only.

    Raises:
        OSError: With `filename`, for errors of the disk. Others are raised as they are.
    """
    kinds: tuple[type[Exception], ...] = (OSError, *native)
    try:
        yield
    except kinds as error:
        number = _errno_of(error)
        if number is None or (isinstance(error, OSError) and error.filename is not None):
            raise
        raise OSError(number, os.strerror(number), str(path)) from None


def is_unreadable(error: OSError) -> bool:
    """Return whether the disk has lost the content of a file: reading it again will fail too."""
    return error.errno in _UNREADABLE


def path_of(error: OSError) -> Path | None:
    """Return the path that an error names."""
    name = error.filename or error.filename2
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) else None


def _errno_of(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = _OS_ERROR.search(str(error))
    return int(found[1]) if found else None

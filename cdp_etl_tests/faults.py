"""Faults of the disk: a call of the operating system fails once, at a chosen place of the code.

Python reports its calls to audit hooks before it makes them, and an exception of a hook is that of the call. It
does not report `fsync`, so that is wrapped; its error names no file, like that of a write.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

PACKAGE = str(Path(__file__).parents[1] / "cdp_etl") + os.sep
ERRNOS = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EMFILE, errno.EDQUOT)
"""Disk full, no permission, read-only, disk broken, too many open files, quota used up."""

_EVENTS = {
    "open",
    "os.chmod",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.utime",
    "shutil.copyfile",
    "shutil.rmtree",
    "sqlite3.connect",
}


@dataclass(frozen=True, order=True)
class Call:
    """A kind of call, and the innermost line of the package that makes it."""

    event: str
    place: str


@dataclass
class _Injection:
    """Calls on paths below a folder: seen so far, and the one that fails."""

    folder: str | None = None
    seen: dict[Call, None] = field(default_factory=dict)
    fails: Call | None = None
    number: int = 0

    def check(self, event: str, path: object, *, is_named: bool = True) -> None:
        """Note a call; raise an error if it is the one that fails, which happens once."""
        if self.folder is None or not isinstance(path, str | bytes | os.PathLike):
            return
        if not os.fsdecode(path).startswith(self.folder):
            return
        call = Call(event, _place(sys._getframe()))  # noqa: SLF001 - the way to the stack
        self.seen.setdefault(call)
        if call == self.fails:
            self.fails = None
            names = (os.fsdecode(path),) if is_named else ()
            raise OSError(self.number, os.strerror(self.number), *names)


_injection = _Injection()


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in _EVENTS:
        _injection.check(event, args[0])


sys.addaudithook(_hook)
_fsync = os.fsync


def _checked_fsync(descriptor: int) -> None:
    _injection.check("fsync", Path(f"/proc/self/fd/{descriptor}").readlink(), is_named=False)
    _fsync(descriptor)


@contextmanager
def calls(folder: Path) -> Iterator[dict[Call, None]]:
    """Collect the calls of the block on paths below a folder."""
    with _injected(folder, None, 0):
        yield _injection.seen


@contextmanager
def failing(folder: Path, call: Call, number: int, *, must_happen: bool = True) -> Iterator[None]:
    """Let the first such call of the block fail with an errno; by default the block must make it."""
    with _injected(folder, call, number):
        try:
            yield
        finally:
            assert not must_happen or _injection.fails is None, call


@contextmanager
def _injected(folder: Path, call: Call | None, number: int) -> Iterator[None]:
    _injection.folder, _injection.fails, _injection.number = str(folder), call, number
    _injection.seen = {}
    try:
        with patch("os.fsync", _checked_fsync):
            yield
    finally:
        _injection.folder = None


def _place(frame: FrameType | None) -> str:
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_lineno}"
        frame = frame.f_back
    return "elsewhere"

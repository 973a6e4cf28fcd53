"""SFTP servers of a hostile partner, for `servers.sftp_in_process`."""
# ruff: noqa: ARG002 - asyncssh gives each method its arguments

import asyncio
from collections.abc import AsyncIterator
from stat import S_IFDIR, S_IFREG
from typing import Any

import asyncssh

CONTENT = b"commentId\n" * 100_000


class HostileServer(asyncssh.SFTPServer):
    """A server with one file, `a.csv`, in every folder. Subclasses misbehave in one way each."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        super().__init__(channel)

    async def realpath(self, path: bytes) -> bytes:
        return path if path.startswith(b"/") else b"/" + path

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return _file() if path.endswith(b".csv") else _folder()

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        yield asyncssh.SFTPName(b"a.csv", attrs=_file())

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        return object()

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        return CONTENT[offset : offset + size]

    async def close(self, file_obj: object) -> None:
        pass


class StallsInListing(HostileServer):
    """Never answers a request for the names in a folder."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        await asyncio.Event().wait()
        yield asyncssh.SFTPName(b"a.csv", attrs=_file())


class StallsInFile(HostileServer):
    """Sends the first half of a file."""

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if offset > len(CONTENT) // 2:
            await asyncio.Event().wait()
        return await super().read(file_obj, offset, size)


class IsSlow(HostileServer):
    """Sends a file slowly, but always something."""

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await asyncio.sleep(0.1)
        return await super().read(file_obj, offset, min(size, 100_000))


class NeverEndsListing(HostileServer):
    """Lists new names for ever."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        number = 0
        while True:
            number += 1
            yield asyncssh.SFTPName(f"{number}.csv".encode(), attrs=_file())
            await asyncio.sleep(0)


class NestsWithoutEnd(HostileServer):
    """Has a folder in every folder."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        yield asyncssh.SFTPName(b"d", attrs=_folder())


class SendsMoreThanAsked(HostileServer):
    """Answers each read with more bytes than were requested."""

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        return (await super().read(file_obj, offset, size)) + b"x"


def _file() -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(size=len(CONTENT), permissions=S_IFREG | 0o644, mtime=1_772_000_000, atime=0)


def _folder() -> Any:
    return asyncssh.SFTPAttrs(permissions=S_IFDIR | 0o755)


SERVERS: tuple[type[HostileServer], ...] = (
    StallsInListing,
    StallsInFile,
    NeverEndsListing,
    NestsWithoutEnd,
    SendsMoreThanAsked,
)

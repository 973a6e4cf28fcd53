"""SFTP servers, read through asyncssh: one connection, many requests under way on it.

Put here what differs between an SFTP server's answers and `sessions.Session`. How to log in is `sftp_login.py`.
"""

import asyncio
import posixpath
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from stat import S_ISDIR, S_ISLNK
from typing import cast

import asyncssh
from asyncssh.sftp import start_sftp_client

from cdp_etl.contract.file_names import is_hidden
from cdp_etl.landing.errors import (
    DumpNotCompleteError,
    DumpRefusedError,
    LandingError,
    ZoneConfigError,
    ZoneUnreachableError,
)
from cdp_etl.landing.zones.path_safety import require_safe_path, shown
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.sftp_login import SftpAddress, SftpOptions, log_in

_REQUESTS_AT_A_TIME = 64  # on the connection, over all files: at 256 KiB each they bound the memory to 16 MiB
_FILE_WINDOW_BYTES = 4 * 1024 * 1024
_LARGEST_BLOCK_BYTES = 256 * 1024
# What a server may send before it hears from us: asyncssh's own 2 MiB would be 40 MB/s at 20 ms.
_CHANNEL_WINDOW_BYTES = 16 * 1024 * 1024
_LARGEST_PACKET_BYTES = 128 * 1024  # four times the usual: each packet costs Python the same

_GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_BROKEN = (asyncssh.Error, OSError, TimeoutError)


class SftpSession:
    """A zone on an SFTP server; it connects when it is first used, and again after the connection broke."""

    def __init__(self, address: SftpAddress, options: SftpOptions) -> None:
        self._address = address
        self._options = options
        self._connecting = asyncio.Lock()
        self._requests = asyncio.Semaphore(_REQUESTS_AT_A_TIME)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._real_root = b""

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.abort()
            await self._connection.wait_closed()

    async def list_folder(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        """Read the folder; what it holds is looked at one folder after another."""
        try:
            return await self._walk(folder, deep=deep)
        except _BROKEN as error:
            raise self._explain(error, folder) from error

    async def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream the file with several reads under way, in order; going on from an offset looks at it anew."""
        try:
            client = await self._connected()
            handle = await client.open(self._path(file.path), "rb", encoding=None)
            try:
                if offset:
                    require_unchanged(file, await handle.stat())
                block = min(client.limits.max_read_len, _LARGEST_BLOCK_BYTES)
                async with aclosing(self._blocks(handle, file.bytes, offset, block)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                with suppress(*_BROKEN):  # a handle cannot be closed on a broken connection, and need not be
                    await handle.close()
        except _GONE:
            raise DumpNotCompleteError(f"{shown(file.path)} went away while it was read") from None
        except _BROKEN as error:
            raise self._explain(error, file.path) from error

    async def _blocks(
        self, handle: asyncssh.SFTPClientFile, end: int, offset: int, block: int
    ) -> AsyncGenerator[bytes, None]:
        window = max(2, _FILE_WINDOW_BYTES // block)
        waiting: deque[asyncio.Task[bytes]] = deque()
        try:
            while offset < end or waiting:
                while offset < end and len(waiting) < window:
                    size = min(block, end - offset)
                    waiting.append(asyncio.create_task(self._block(handle, offset, size)))
                    offset += size
                piece = await waiting.popleft()
                if not piece:
                    return  # the file is shorter than it was listed
                yield piece
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _block(self, handle: asyncssh.SFTPClientFile, offset: int, size: int) -> bytes:
        """Read a block whole: a server may give less than was asked for."""
        pieces: list[bytes] = []
        async with self._requests:
            while size:
                piece = cast("bytes", await handle.read(size, offset))  # opened without an encoding
                if not piece:
                    break
                pieces.append(piece)
                offset += len(piece)
                size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._client is None or self._connection is None or self._connection.is_closed():
                self._connection = await log_in(self._address, self._options)
                self._client = await _start_client(self._connection)
                self._real_root = await self._find_root(self._client)
            return self._client

    async def _find_root(self, client: asyncssh.SFTPClient) -> bytes:
        root = self._path("")
        if not await client.isdir(root):
            raise ZoneConfigError(f"landing zone {self._address.label}: there is no such folder on the server")
        return await client.realpath(root)

    async def _walk(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        client = await self._connected()
        files: list[RemoteFile] = []
        waiting = [folder]
        while waiting:
            inner = waiting.pop()
            try:
                names = await client.readdir(self._path(inner))
            except (*_GONE, asyncssh.SFTPNotADirectory):
                continue
            for entry in names:
                name = _decoded(entry.filename)
                if name in (".", ".."):
                    continue
                path = f"{inner}/{name}" if inner else name
                if "/" in name:
                    raise DumpRefusedError(f"{shown(path)}: the server lists a path where a name is expected")
                if S_ISDIR(entry.attrs.permissions or 0):
                    if deep and not is_hidden(name):
                        require_safe_path(path)
                        waiting.append(path)
                else:
                    files.append(await self._file(client, path, entry.attrs))
        return files

    async def _file(self, client: asyncssh.SFTPClient, path: str, attrs: asyncssh.SFTPAttrs) -> RemoteFile:
        require_safe_path(path)
        if S_ISLNK(attrs.permissions or 0):
            try:
                target = await client.realpath(self._path(path))
                attrs = await client.stat(self._path(path))
            except _GONE:
                raise DumpRefusedError(f"{shown(path)}: a link that leads nowhere") from None
            if not target.startswith(self._real_root.rstrip(b"/") + b"/"):
                raise DumpRefusedError(f"{shown(path)}: a link that leaves the landing zone is not followed")
            if S_ISDIR(attrs.permissions or 0):
                raise DumpRefusedError(f"{shown(path)}: a link to a folder is not followed")
        return RemoteFile(path, attrs.size or 0, _modified_at(attrs))

    def _path(self, inner: str) -> bytes:
        return posixpath.join(self._address.folder, inner).encode(errors="surrogateescape") or b"."

    def _explain(self, error: Exception, path: str) -> LandingError:
        where = f"landing zone {self._address.label}" + (f", {shown(path)}" if path else "")
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return ZoneConfigError(f"{where}: no permission to read")
        if isinstance(error, asyncssh.SFTPError) and not isinstance(
            error, (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPFailure)
        ):
            return ZoneConfigError(f"{where}: the server refused the request ({type(error).__name__})")
        return ZoneUnreachableError(f"{where}: the connection failed or broke ({type(error).__name__})")


@asynccontextmanager
async def connect_sftp(address: SftpAddress, options: SftpOptions) -> AsyncIterator[Session]:
    """Open a session; the connection itself is made when it is first needed."""
    session = SftpSession(address, options)
    try:
        yield session
    finally:
        await session.close()


def require_unchanged(file: RemoteFile, attrs: asyncssh.SFTPAttrs) -> None:
    """Compare an open file with what was listed, before going on in the middle of it.

    Raises:
        DumpNotCompleteError: its size or time is another.
    """
    if attrs.size != file.bytes or _modified_at(attrs) != file.modified_at:
        raise DumpNotCompleteError(f"{shown(file.path)} changed while it was read")


async def _start_client(connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    """Start SFTP as `connection.start_sftp_client()` does, which has no parameters for window and packets."""
    writer, reader, _ = await connection.open_session(
        subsystem="sftp", encoding=None, window=_CHANNEL_WINDOW_BYTES, max_pktsize=_LARGEST_PACKET_BYTES
    )
    return await start_sftp_client(
        connection, asyncio.get_running_loop(), "strict", reader, writer, "utf-8", "strict", sftp_version=3
    )


def _modified_at(attrs: asyncssh.SFTPAttrs) -> datetime:
    return datetime.fromtimestamp(attrs.mtime or 0, UTC)


def _decoded(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode(errors="surrogateescape")

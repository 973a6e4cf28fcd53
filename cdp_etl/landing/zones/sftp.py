"""Session of an SFTP server, read through asyncssh: one connection with many parallel requests."""

import asyncio
import posixpath
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from stat import S_ISDIR, S_ISLNK
from typing import Any, TypeVar, cast

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
from cdp_etl.landing.zones.limits import ListingGuard, ZoneLimits
from cdp_etl.landing.zones.path_safety import printable, require_regular, require_safe_path
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.sftp_address import SftpAddress, SftpOptions
from cdp_etl.landing.zones.sftp_login import log_in

_MAX_REQUESTS = 64  # on the connection, for all files: at 256 KiB each at most 16 MiB of memory
_FILE_WINDOW_BYTES = 4 * 1024 * 1024
_MAX_BLOCK_BYTES = 256 * 1024
_PAGE_NAMES = 100
# Bytes that a server sends before an acknowledgement: asyncssh's 2 MiB limit a transfer to 40 MB/s at 20 ms.
_CHANNEL_WINDOW_BYTES = 16 * 1024 * 1024
_MAX_PACKET_BYTES = 128 * 1024  # four times the default: Python spends the same time on each packet

_Answer = TypeVar("_Answer")

_GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_BROKEN = (asyncssh.Error, OSError, TimeoutError)


class SftpSession:
    """Session of an SFTP server. It connects on first use, and again after the connection broke."""

    def __init__(self, address: SftpAddress, options: SftpOptions, limits: ZoneLimits) -> None:
        self._address = address
        self._options = options
        self._limits = limits
        self._answered_at = 0.0  # time of the loop at the newest answer to any request
        self._connecting = asyncio.Lock()
        self._requests = asyncio.Semaphore(_MAX_REQUESTS)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._real_root = b""

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.abort()
            await self._connection.wait_closed()

    async def list_folder(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        """List the folder and, with `recursive`, its subfolders one after another."""
        try:
            return await self._walk(folder, recursive=recursive)
        except _BROKEN as error:
            raise self._to_landing_error(error, folder) from error

    async def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream the file in order, with parallel reads. With an offset, first check that it is unchanged."""
        try:
            client = await self._connected()
            # Without a block size asyncssh sends one request for a read. Its tasks for more would outlive a stall.
            handle = await self._answer(client.open(self._path(file.path), "rb", encoding=None, block_size=0))
            try:
                if offset:
                    require_unchanged(file, await self._answer(handle.stat()))
                block = min(client.limits.max_read_len or _MAX_BLOCK_BYTES, _MAX_BLOCK_BYTES)
                async with aclosing(self._blocks(handle, file.bytes, offset, block)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                with suppress(*_BROKEN):  # a broken connection has closed the handle
                    await self._answer(handle.close())
        except _GONE:
            raise DumpNotCompleteError(f"{printable(file.path)} was removed during the download") from None
        except _BROKEN as error:
            raise self._to_landing_error(error, file.path) from error

    async def _blocks(
        self, handle: asyncssh.SFTPClientFile, end: int, offset: int, block: int
    ) -> AsyncGenerator[bytes, None]:
        window = min(max(2, _FILE_WINDOW_BYTES // block), _MAX_REQUESTS)
        pending: deque[asyncio.Task[bytes]] = deque()
        try:
            while offset < end or pending:
                while offset < end and len(pending) < window:
                    size = min(block, end - offset)
                    pending.append(asyncio.create_task(self._block(handle, offset, size)))
                    offset += size
                chunk = await self._answer(pending.popleft())
                if not chunk:
                    return  # the file is shorter than listed
                yield chunk
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _block(self, handle: asyncssh.SFTPClientFile, offset: int, size: int) -> bytes:
        """Read a whole block. A server may return less than requested."""
        chunks: list[bytes] = []
        async with self._requests:
            while size:
                chunk = cast(
                    "bytes", await handle.read(size, offset)
                )  # bytes, because it was opened without an encoding
                if not chunk:
                    break
                if len(chunk) > size:
                    raise ZoneConfigError(
                        f"landing zone {self._address.label}: the server sends more bytes than were requested"
                    )
                self._answered_at = asyncio.get_running_loop().time()
                chunks.append(chunk)
                offset += len(chunk)
                size -= len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._client is None or self._connection is None or self._connection.is_closed():
                self._connection = await log_in(self._address, self._options, self._limits.connect_seconds)
                self._client = await self._answer(_start_client(self._connection))
                self._real_root = await self._find_root(self._client)
            return self._client

    async def _find_root(self, client: asyncssh.SFTPClient) -> bytes:
        root = self._path("")
        if not await self._answer(client.isdir(root)):
            raise ZoneConfigError(f"landing zone {self._address.label}: the folder does not exist on the server")
        return await self._answer(client.realpath(root))

    async def _answer(self, request: Awaitable[_Answer]) -> _Answer:
        """Wait for an answer as long as the server answers anything within the limit.

        Other requests count, because a slow connection answers parallel requests one after another.

        Raises:
            TimeoutError: If the server is silent for too long. The connection is then closed: on a stalled one,
                closing a file would wait too.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(request)
        task.add_done_callback(_retrieve_exception)
        asked_at = loop.time()
        try:
            while not task.done():
                silence = loop.time() - max(asked_at, self._answered_at)
                if silence >= self._limits.stall_seconds:
                    if self._connection is not None:
                        self._connection.abort()
                    raise TimeoutError
                await asyncio.wait({task}, timeout=self._limits.stall_seconds - silence)
            self._answered_at = loop.time()
            return task.result()
        finally:
            task.cancel()

    async def _walk(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        client = await self._connected()
        guard = ListingGuard(folder, self._limits)
        files: list[RemoteFile] = []
        pending = [folder]
        while pending:
            current = pending.pop()
            async for name, attrs in self._names(client, current):
                path = f"{current}/{name}" if current else name
                guard.add(path)
                if "/" in name:
                    raise DumpRefusedError(f"{printable(path)}: the server lists a path instead of a name")
                if S_ISDIR(attrs.permissions or 0):
                    if recursive and not is_hidden(name):
                        require_safe_path(path)
                        pending.append(path)
                else:
                    files.append(await self._file(client, path, attrs))
        return files

    async def _names(
        self, client: asyncssh.SFTPClient, folder: str
    ) -> AsyncGenerator[tuple[str, asyncssh.SFTPAttrs], None]:
        """Yield the names in a folder as the server sends them; none if it is no folder."""
        entries = aiter(client.scandir(self._path(folder)))
        try:
            while page := await self._answer(self._page(entries)):
                for entry in page:
                    name = _decode(entry.filename)
                    if name not in (".", ".."):
                        yield name, entry.attrs
        except (*_GONE, asyncssh.SFTPNotADirectory):
            return

    async def _page(self, entries: AsyncIterator[asyncssh.SFTPName]) -> list[asyncssh.SFTPName]:
        """Return the next names, because waiting for each one would cost more than reading it."""
        page: list[asyncssh.SFTPName] = []
        while len(page) < _PAGE_NAMES and (entry := await anext(entries, None)) is not None:
            self._answered_at = asyncio.get_running_loop().time()
            page.append(entry)
        return page

    async def _file(self, client: asyncssh.SFTPClient, path: str, attrs: asyncssh.SFTPAttrs) -> RemoteFile:
        require_safe_path(path)
        if S_ISLNK(attrs.permissions or 0):
            try:
                target = await self._answer(client.realpath(self._path(path)))
                attrs = await self._answer(client.stat(self._path(path)))
            except _GONE:
                raise DumpRefusedError(f"{printable(path)}: a broken link is refused") from None
            if not target.startswith(self._real_root.rstrip(b"/") + b"/"):
                raise DumpRefusedError(f"{printable(path)}: a link that leads outside the landing zone is refused")
            if S_ISDIR(attrs.permissions or 0):
                raise DumpRefusedError(f"{printable(path)}: a link to a folder is refused")
        require_regular(path, attrs.permissions or 0)
        return RemoteFile(path, attrs.size or 0, _modified_at(attrs))

    def _path(self, inner: str) -> bytes:
        return posixpath.join(self._address.folder, inner).encode(errors="surrogateescape") or b"."

    def _to_landing_error(self, error: Exception, path: str) -> LandingError:
        place = f"landing zone {self._address.label}" + (f", {printable(path)}" if path else "")
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return ZoneConfigError(f"{place}: no permission to read")
        if isinstance(error, asyncssh.SFTPError) and not isinstance(
            error, (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPFailure)
        ):
            return ZoneConfigError(f"{place}: the server refused the request ({type(error).__name__})")
        if isinstance(error, TimeoutError):
            return ZoneUnreachableError(f"{place}: the server sent nothing for {self._limits.stall_seconds:g} s")
        return ZoneUnreachableError(f"{place}: the connection failed or broke ({type(error).__name__})")


@asynccontextmanager
async def connect_sftp(address: SftpAddress, options: SftpOptions, limits: ZoneLimits) -> AsyncIterator[Session]:
    """Open a session. It connects on first use."""
    session = SftpSession(address, options, limits)
    try:
        yield session
    finally:
        await session.close()


def require_unchanged(file: RemoteFile, attrs: asyncssh.SFTPAttrs) -> None:
    """Compare an open file with its listing before a download is resumed.

    Raises:
        DumpNotCompleteError: If the size or the time differs.
    """
    if attrs.size != file.bytes or _modified_at(attrs) != file.modified_at:
        raise DumpNotCompleteError(f"{printable(file.path)} changed during the download")


async def _start_client(connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    """Start SFTP like `connection.start_sftp_client()`, which has no parameters for window and packet size."""
    writer, reader, _ = await connection.open_session(
        subsystem="sftp", encoding=None, window=_CHANNEL_WINDOW_BYTES, max_pktsize=_MAX_PACKET_BYTES
    )
    return await start_sftp_client(
        connection, asyncio.get_running_loop(), "strict", reader, writer, "utf-8", "strict", sftp_version=3
    )


def _retrieve_exception(task: "asyncio.Future[Any]") -> None:
    """Mark an error as seen: the one that ends a request after its caller has given up is not of interest."""
    if not task.cancelled():
        task.exception()


def _modified_at(attrs: asyncssh.SFTPAttrs) -> datetime:
    return datetime.fromtimestamp(attrs.mtime or 0, UTC)


def _decode(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode(errors="surrogateescape")

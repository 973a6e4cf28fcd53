"""Resumable download of files, several at a time."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Self, TypeVar

from cdp_etl.durable_files import PartialFile
from cdp_etl.landing.dump.listing import ListedFile
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError, LandingError
from cdp_etl.landing.zones.path_safety import printable
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.retry import RetryPolicy

_WRITE_BYTES = 1024 * 1024  # a switch to a thread costs as much as writing some hundred KiB

Item = TypeVar("Item")


def download_name(remote: RemoteFile) -> str:
    """Return the local name of a download. A changed file has another name, so that it is never resumed."""
    identity = f"{remote.path}\0{remote.bytes}\0{remote.modified_at.isoformat()}\0{remote.etag}"
    return hashlib.sha256(identity.encode()).hexdigest()


async def download_file(session: Session, retry: RetryPolicy, remote: RemoteFile, target: Path) -> str:
    """Download a file into `target`, resume an earlier download of it, and return its SHA-256.

    Raises:
        DumpNotCompleteError: If the file changed, or is shorter or longer than listed.
        ZoneUnreachableError: If the connection broke more often than the policy allows. The next call resumes.
        LandingError: If the raw archive cannot be written.
    """
    part = await asyncio.to_thread(PartialFile, target)
    try:
        async for attempt in retry.retrying():
            with attempt:
                await _append_rest(session, remote, part)
    except OSError as error:  # of the local disk: a session raises LandingError
        raise LandingError(
            f"{printable(remote.path)}: the raw archive cannot be written: {error.strerror}"
        ) from error
    finally:
        await asyncio.to_thread(part.close)
    if part.bytes != remote.bytes:
        raise DumpNotCompleteError(f"{printable(remote.path)} ended after {part.bytes} of {remote.bytes} bytes")
    return part.sha256


async def _append_rest(session: Session, remote: RemoteFile, part: PartialFile) -> None:
    """Download the rest of a file. A thread hashes and writes one batch while the next one is received."""
    chunks_of_rest = _at_most(remote, part.bytes, session.read(remote, part.bytes))
    async with aclosing(chunks_of_rest) as chunks, _BackgroundWriter(part) as writer:
        batch: list[bytes] = []
        batch_bytes = 0
        async for chunk in chunks:
            batch.append(chunk)
            batch_bytes += len(chunk)
            if batch_bytes >= _WRITE_BYTES:
                await writer.write(batch)
                batch, batch_bytes = [], 0
        await writer.write(batch)


async def _at_most(
    remote: RemoteFile, offset: int, chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a file from an offset on, and end if they are more than the zone listed."""
    async with aclosing(chunks):
        async for chunk in chunks:
            offset += len(chunk)
            if offset > remote.bytes:
                raise DumpNotCompleteError(
                    f"{printable(remote.path)} is longer than the {remote.bytes} bytes listed"
                )
            yield chunk


class _BackgroundWriter:
    """Writes one batch at a time in a thread. The `async with` block waits for it, also after an error."""

    def __init__(self, part: PartialFile) -> None:
        self._part = part
        self._write: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._finish()

    async def write(self, batch: list[bytes]) -> None:
        """Wait for the previous batch, then start to write this one."""
        await self._finish()
        self._write = asyncio.create_task(asyncio.to_thread(self._part.write, batch))

    async def _finish(self) -> None:
        if self._write is not None:
            await asyncio.shield(self._write)  # a thread cannot be cancelled
            self._write = None


async def read_small(session: Session, retry: RetryPolicy, listed: ListedFile, limit: int) -> bytes:
    """Return the content of a small file.

    Raises:
        DumpRefusedError: If the file is larger than `limit` bytes.
    """
    if listed.remote.bytes > limit:
        raise DumpRefusedError(f"{printable(listed.path)}: {listed.remote.bytes} bytes, expected at most {limit}")
    content = b""
    async for attempt in retry.retrying():
        with attempt:
            async with aclosing(_at_most(listed.remote, 0, session.read(listed.remote))) as chunks:
                content = b"".join([chunk async for chunk in chunks])
    return content


async def run_concurrently(
    items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, max_concurrency: int
) -> None:
    """Call `work` for every item, up to `max_concurrency` at a time. Raise the first error and cancel the rest."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max_concurrency):
                group.create_task(worker())
    except ExceptionGroup as errors:
        # Callers distinguish errors by class, which a group would hide. The first error cancelled the others.
        raise errors.exceptions[0] from None

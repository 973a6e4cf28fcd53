"""Bringing the bytes of single files over, in pieces, several files at a time.

Put here how a file is received and taken up again. Which files, and whether they are what was promised, is
decided in `pull.py`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Self, TypeVar

from cdp_etl.durable_files import PartFile
from cdp_etl.landing.dump.listing import Offered
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError, LandingError
from cdp_etl.landing.zones.path_safety import shown
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.retry import RetryPolicy

_WRITE_BYTES = 1024 * 1024  # one hand-over to a thread costs as much as writing some hundred KiB

Item = TypeVar("Item")


def incoming_name(remote: RemoteFile) -> str:
    """Name the file that is being received, so that another version of it is never taken for it."""
    identity = f"{remote.path}\0{remote.bytes}\0{remote.modified_at.isoformat()}\0{remote.etag}"
    return hashlib.sha256(identity.encode()).hexdigest()


async def fetch(session: Session, retry: RetryPolicy, remote: RemoteFile, target: Path) -> str:
    """Receive a file into `target`, going on from what is already there, and give its SHA-256.

    Raises:
        DumpNotCompleteError: the file changed, or ended before the size that was listed.
        ZoneUnreachableError: the connection broke more often than the policy allows; what came is kept.
    """
    part = await asyncio.to_thread(PartFile, target)
    try:
        async for attempt in retry.retrying():
            with attempt:
                await _receive(session, remote, part)
    except OSError as error:  # a session's own faults come as LandingError
        raise LandingError(f"{shown(remote.path)}: the raw archive cannot be written: {error.strerror}") from error
    finally:
        await asyncio.to_thread(part.leave)
    if part.bytes != remote.bytes:
        raise DumpNotCompleteError(f"{shown(remote.path)} ended after {part.bytes} of {remote.bytes} bytes")
    return part.sha256


async def _receive(session: Session, remote: RemoteFile, part: PartFile) -> None:
    """Read on from where the part ends; a batch is hashed and written while the next one is received."""
    async with aclosing(session.read(remote, part.bytes)) as pieces, _Writing(part) as writing:
        batch: list[bytes] = []
        batch_bytes = 0
        async for piece in pieces:
            batch.append(piece)
            batch_bytes += len(piece)
            if batch_bytes >= _WRITE_BYTES:
                await writing.add(batch)
                batch, batch_bytes = [], 0
        await writing.add(batch)


class _Writing:
    """At most one batch is being written; leaving waits for it, also where reading failed."""

    def __init__(self, part: PartFile) -> None:
        self._part = part
        self._under_way: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._finish()

    async def add(self, batch: list[bytes]) -> None:
        """Begin to write a batch, once the one before is written."""
        await self._finish()
        self._under_way = asyncio.create_task(asyncio.to_thread(self._part.write, batch))

    async def _finish(self) -> None:
        if self._under_way is not None:
            await asyncio.shield(self._under_way)  # a thread cannot be cancelled: it must be waited for
            self._under_way = None


async def read_small(session: Session, retry: RetryPolicy, offered: Offered, limit: int) -> bytes:
    """Read a companion file wholly.

    Raises:
        DumpRefusedError: it is larger than `limit` bytes.
    """
    if offered.remote.bytes > limit:
        raise DumpRefusedError(f"{shown(offered.path)}: {offered.remote.bytes} bytes, expected at most {limit}")
    content = b""
    async for attempt in retry.retrying():
        with attempt:
            async with aclosing(session.read(offered.remote)) as pieces:
                content = b"".join([piece async for piece in pieces])
    return content


async def each(items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, at_a_time: int) -> None:
    """Do `work` for every item, some at a time; the first error stops the others and is raised."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_a_time):
                group.create_task(worker())
    except ExceptionGroup as errors:
        # Callers tell a refusal from an outage by the error's class, which a group hides. The first one is what
        # stopped the others.
        raise errors.exceptions[0] from None

"""What every kind of zone must offer, once connected.

The folder, object stores and SFTP each implement `Session`; everything else in landing is written over it, and
one contract test suite runs over all of them.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class RemoteFile:
    """One file as a server lists it: a claim, until its bytes were read.

    `path` is relative to the zone's prefix. `modified_at` is UTC by the server's clock. `etag` is the store's
    version of the content, where it has one.
    """

    path: str
    bytes: int
    modified_at: datetime
    etag: str | None = None


class Session(Protocol):
    """A connection to a zone.

    Both methods raise ZoneUnreachableError for what may pass and ZoneConfigError for what will not.
    """

    async def list_folder(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        """List a folder's files, with `deep` all folders in it too; empty where it does not exist.

        Raises:
            DumpRefusedError: a name or a link in it is dangerous.
        """
        ...

    def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream a file's bytes from an offset on.

        Raises:
            DumpNotCompleteError: the file is no longer the one that was listed.
        """
        ...


Connect = Callable[[], AbstractAsyncContextManager[Session]]

"""Interface of a connected landing zone, as a `typing.Protocol`.

Folders, object stores and SFTP servers each implement `Session`. The rest of landing uses only this interface.
`test_zone_contract.py` runs the same tests with every implementation.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class RemoteFile:
    """A file as the server lists it. The size is not verified until the file is read.

    Attributes:
        path: Path relative to the zone's prefix.
        bytes: Size.
        modified_at: Time of the last change by the server's clock, in UTC.
        etag: The store's version of the content, if the store has versions.
    """

    path: str
    bytes: int
    modified_at: datetime
    etag: str | None = None


class Session(Protocol):
    """A connection to a zone.

    Both methods raise ZoneUnreachableError for transient faults and ZoneConfigError for permanent ones.
    """

    async def list_folder(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        """List a folder's files; with `recursive`, those of its subfolders too.

        Return an empty list if the folder does not exist.

        Raises:
            DumpRefusedError: If a name or a link is dangerous.
        """
        ...

    def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream a file's content from an offset on.

        Raises:
            DumpNotCompleteError: If the file changed since it was listed.
        """
        ...


Connect = Callable[[], AbstractAsyncContextManager[Session]]
"""Function that opens a session."""

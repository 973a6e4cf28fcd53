"""Sessions of object stores and folders, read through obstore.

A folder is read like an object store, but it is listed by the operating system: obstore silently skips some names
and follows links that leave the prefix.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import LocalStore

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

if TYPE_CHECKING:  # obstore has these names for type checkers alone
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

_Answer = TypeVar("_Answer")

_CHUNK_BYTES = 1024 * 1024
_LIST_CHUNK = 1000
_STATUS = re.compile(r"status code: (\d{3})")
_ERROR_CODE = re.compile(r"<Code>(\w+)</Code>")
_BAD_PATH = re.compile(r'[Pp]ath "((?:[^"\\]|\\.)*)"', re.DOTALL)
_INSTANCE_METADATA_HOST = "169.254.169.254"
_NO_SUCH_BUCKET = {"NoSuchBucket", "ContainerNotFound"}  # of S3 and Google, of Azure
_NO_ACCESS = "the credentials are rejected, or lack permission to read"
_FORBIDDEN = {401, 403}
_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT, _SERVER_ERROR = 429, 408, 500

_CLOCK_ROUNDING = timedelta(milliseconds=1)

OpenStore = Callable[[], "ObjectStore"]


class ObjectSession:
    """Session of an object store. Error messages name the zone `label`."""

    def __init__(self, store: "ObjectStore", label: str, limits: ZoneLimits) -> None:
        self._store = store
        self._label = label
        self._limits = limits

    async def list_folder(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        """List by prefix, page by page; without `recursive` obstore requests all pages at once."""
        prefix = folder or None
        guard = ListingGuard(folder, self._limits)
        metas: list[ObjectMeta] = []
        try:
            if recursive:
                pages = aiter(obstore.list(self._store, prefix, chunk_size=_LIST_CHUNK))
                while (page := await self._answer(anext(pages, None))) is not None:
                    for meta in page:
                        guard.add(meta["path"])
                    metas.extend(page)
            else:
                listed = await self._answer(obstore.list_with_delimiter_async(self._store, prefix))
                for meta in listed["objects"]:
                    guard.add(meta["path"])
                metas.extend(listed["objects"])
        except TimeoutError:
            raise self._stalled(folder) from None
        except (BaseError, OSError) as error:
            raise to_landing_error(error, self._label, folder) from None
        folders = {parent for meta in metas for parent in _parents(meta["path"])} | {folder}
        return [
            RemoteFile(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])
            for meta in metas
            if meta["path"] not in folders and not _is_folder_marker(meta["path"], meta["size"])
        ]

    async def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream the object from `offset`, if its ETag is unchanged since the listing."""
        options: GetOptions = {}
        if file.etag is not None:
            options["if_match"] = file.etag
        if offset:
            options["range"] = {"offset": offset}
        if offset >= file.bytes:
            return
        try:
            result = await self._answer(obstore.get_async(self._store, file.path, options=options))
            if _differs(file, result.meta):
                _raise_changed(file)
            chunks = aiter(result.stream(min_chunk_size=_CHUNK_BYTES))
            while (chunk := await self._answer(anext(chunks, None))) is not None:
                yield chunk
        except TimeoutError:
            raise self._stalled(file.path) from None
        except (PreconditionError, FileNotFoundError):
            _raise_changed(file)
        except (BaseError, OSError) as error:
            raise to_landing_error(error, self._label, file.path) from None

    async def _answer(self, request: Awaitable[_Answer]) -> _Answer:
        """Wait for an answer of the server, or raise TimeoutError."""
        async with asyncio.timeout(self._limits.stall_seconds):
            return await request

    def _stalled(self, path: str) -> ZoneUnreachableError:
        return ZoneUnreachableError(
            f"landing zone {self._label}, {printable(path)}: the server sent nothing for "
            f"{self._limits.stall_seconds:g} s"
        )


class FolderSession(ObjectSession):
    """Session of a local or mounted folder."""

    def __init__(self, root: Path, label: str, limits: ZoneLimits) -> None:
        if not root.is_dir():
            raise ZoneUnreachableError(f"landing zone {label}: the folder does not exist")
        try:
            store = LocalStore(root)
        except BaseError as error:
            raise to_landing_error(error, label, "") from None
        super().__init__(store, label, limits)
        self._root = root
        self._real_root = root.resolve()

    async def list_folder(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        """List the folder by the operating system, including links that stay inside the zone."""
        try:
            return await asyncio.to_thread(self._walk, folder, recursive=recursive)
        except PermissionError as error:
            raise ZoneConfigError(
                f"landing zone {self._label}: no permission to read {printable(str(error.filename))}"
            ) from error
        except OSError as error:
            raise ZoneUnreachableError(f"landing zone {self._label}: {error.strerror}") from error

    def _walk(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
        if not self._root.is_dir():
            raise ZoneUnreachableError(f"landing zone {self._label}: the folder does not exist")
        start = self._root / folder
        if not start.is_dir():
            return []
        if not start.resolve().is_relative_to(self._real_root):
            raise DumpRefusedError(f"{printable(folder)}: a link that leads outside the landing zone is refused")
        guard = ListingGuard(folder, self._limits)
        files: list[RemoteFile] = []
        pending = [folder]
        while pending:
            current = pending.pop()
            with os.scandir(self._root / current) as entries:
                for entry in entries:
                    path = f"{current}/{entry.name}" if current else entry.name
                    guard.add(path)
                    if entry.is_dir(follow_symlinks=False):
                        if recursive and not is_hidden(entry.name):
                            pending.append(path)
                    elif (found := self._file(entry, path)) is not None:
                        files.append(found)
        return files

    def _file(self, entry: os.DirEntry[str], path: str) -> RemoteFile | None:
        require_safe_path(path)
        if entry.is_symlink():
            if not Path(entry.path).resolve().is_relative_to(self._real_root):
                raise DumpRefusedError(f"{printable(path)}: a link that leads outside the landing zone is refused")
            if not Path(entry.path).exists():
                raise DumpRefusedError(f"{printable(path)}: a broken link is refused")
            if entry.is_dir():
                raise DumpRefusedError(f"{printable(path)}: a link to a folder is refused")
        try:
            status = entry.stat()
        except FileNotFoundError:
            return None  # removed meanwhile; the listing after the pull detects the change
        require_regular(path, status.st_mode)
        return RemoteFile(path, status.st_size, _utc(status.st_mtime_ns))


@asynccontextmanager
async def connect_store(open_store: OpenStore, label: str, limits: ZoneLimits) -> AsyncIterator[Session]:
    """Open a session of an object store. obstore connects on the first request."""
    try:
        store = open_store()
    except UnknownConfigurationKeyError:
        raise ZoneConfigError(f"landing zone {label}: an option of the store is unknown to obstore") from None
    except (BaseError, ValueError) as error:
        raise to_landing_error(error, label, "") from None
    yield ObjectSession(store, label, limits)


@asynccontextmanager
async def connect_folder(root: Path, label: str, limits: ZoneLimits) -> AsyncIterator[Session]:
    """Open a session of an existing folder."""
    yield FolderSession(root, label, limits)


def to_landing_error(error: Exception, label: str, path: str) -> LandingError:
    """Convert an error of obstore to one sentence, without obstore's text, which can contain a signed URL."""
    text = str(error)
    place = f"landing zone {label}" + (f", {printable(path)}" if path else "")
    if isinstance(error, InvalidPathError):
        bad = _BAD_PATH.search(text)
        return DumpRefusedError(f"{printable(bad[1]) if bad else place}: an unsafe name is refused")
    if _INSTANCE_METADATA_HOST in text:
        return ZoneConfigError(f"{place}: no credentials were found in environment variables or files")
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or "kind: PermissionDenied" in text:
        return ZoneConfigError(f"{place}: {_NO_ACCESS}")
    if "builder error" in text or isinstance(error, ValueError):
        return ZoneConfigError(f"{place}: the address or an option of the store is invalid")
    return _from_response(text, place)


def _from_response(text: str, place: str) -> LandingError:
    status, code = _STATUS.search(text), _ERROR_CODE.search(text)
    if status is None:
        return ZoneUnreachableError(f"{place}: the connection failed or broke")
    if code and code[1] in _NO_SUCH_BUCKET:
        return ZoneConfigError(f"{place}: the bucket does not exist")
    if int(status[1]) in _FORBIDDEN:
        return ZoneConfigError(f"{place}: {_NO_ACCESS}")
    answer = f"{place}: the server answered {status[1]}" + (f" ({code[1]})" if code else "")
    transient = int(status[1]) in (_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT) or int(status[1]) >= _SERVER_ERROR
    return ZoneUnreachableError(answer) if transient else ZoneConfigError(answer)


def _utc(nanoseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def _differs(file: RemoteFile, meta: "ObjectMeta") -> bool:
    if meta["size"] != file.bytes:
        return True
    # The server has compared the ETag, if there is one. Response headers have less precise times than listings.
    return file.etag is None and abs(meta["last_modified"] - file.modified_at) > _CLOCK_ROUNDING


def _raise_changed(file: RemoteFile) -> NoReturn:
    raise DumpNotCompleteError(f"{printable(file.path)} changed during the download")


def _is_folder_marker(path: str, size: int) -> bool:
    """Return whether an object is the empty one that some tools create for a folder; its final `/` is not listed.

    A name without extension is no data file, so an empty object of such a name says nothing else.
    """
    return not size and not is_hidden(path) and "." not in path.rpartition("/")[2]


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]

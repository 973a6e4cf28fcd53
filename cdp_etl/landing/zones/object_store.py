"""Object stores and the local folder, both read through obstore.

Put here what differs between obstore's answers and `sessions.Session`. Choosing a store from a location is
`zones.py`. A folder is an object store with one difference: its names and links are looked at by the operating
system, because obstore passes over some names in silence and follows links out of the prefix.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

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
from cdp_etl.landing.zones.path_safety import require_safe_path, shown
from cdp_etl.landing.zones.protocol import RemoteFile, Session

if TYPE_CHECKING:  # obstore has these names for type checkers alone
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

_CHUNK_BYTES = 1024 * 1024
_LIST_CHUNK = 1000
_STATUS = re.compile(r"status code: (\d{3})")
_ERROR_CODE = re.compile(r"<Code>(\w+)</Code>")
_BAD_PATH = re.compile(r'[Pp]ath "((?:[^"\\]|\\.)*)"', re.DOTALL)
_INSTANCE_METADATA_HOST = "169.254.169.254"
_NO_SUCH_BUCKET = {"NoSuchBucket", "ContainerNotFound"}  # as S3 and Google call it, and as Azure does
_NOT_ACCEPTED = "the credentials are not accepted, or lack the right to read"
_NOT_ALLOWED = {401, 403}
_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT, _SERVER_ERROR = 429, 408, 500

_CLOCK_ROUNDING = timedelta(milliseconds=1)

OpenStore = Callable[[], "ObjectStore"]


class ObjectSession:
    """A zone in an object store; `label` is the location as it may be shown."""

    def __init__(self, store: "ObjectStore", label: str) -> None:
        self._store = store
        self._label = label

    async def list_folder(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        """List by prefix; obstore fetches page after page."""
        prefix = folder or None
        metas: list[ObjectMeta] = []
        try:
            if deep:
                async for page in obstore.list(self._store, prefix, chunk_size=_LIST_CHUNK):
                    metas.extend(page)
            else:
                metas.extend((await obstore.list_with_delimiter_async(self._store, prefix))["objects"])
        except (BaseError, OSError) as error:
            raise explain(error, self._label, folder) from None
        folders = {parent for meta in metas for parent in _parents(meta["path"])} | {folder}
        return [
            RemoteFile(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])
            for meta in metas
            if meta["path"] not in folders  # some tools leave an empty object where a folder would be
        ]

    async def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Stream the object from `offset`, on condition that its ETag is still the one listed."""
        options: GetOptions = {}
        if file.etag is not None:
            options["if_match"] = file.etag
        if offset:
            options["range"] = {"offset": offset}
        if offset >= file.bytes:
            return
        try:
            result = await obstore.get_async(self._store, file.path, options=options)
            if _is_other(file, result.meta):
                _changed(file)
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                yield chunk
        except (PreconditionError, FileNotFoundError):
            _changed(file)
        except (BaseError, OSError) as error:
            raise explain(error, self._label, file.path) from None


class FolderSession(ObjectSession):
    """A zone in a local or mounted folder."""

    def __init__(self, root: Path, label: str) -> None:
        if not root.is_dir():
            raise ZoneUnreachableError(f"landing zone {label}: there is no such folder")
        try:
            store = LocalStore(root)
        except BaseError as error:
            raise explain(error, label, "") from None
        super().__init__(store, label)
        self._root = root
        self._real_root = root.resolve()

    async def list_folder(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        """Walk the folder by the operating system, links inside the zone included."""
        try:
            return await asyncio.to_thread(self._walk, folder, deep=deep)
        except PermissionError as error:
            raise ZoneConfigError(
                f"landing zone {self._label}: no permission to read {shown(str(error.filename))}"
            ) from error
        except OSError as error:
            raise ZoneUnreachableError(f"landing zone {self._label}: {error.strerror}") from error

    def _walk(self, folder: str, *, deep: bool) -> list[RemoteFile]:
        if not self._root.is_dir():
            raise ZoneUnreachableError(f"landing zone {self._label}: there is no such folder")
        start = self._root / folder
        if not start.is_dir():
            return []
        if not start.resolve().is_relative_to(self._real_root):
            raise DumpRefusedError(f"{shown(folder)}: a link that leaves the landing zone is not followed")
        files: list[RemoteFile] = []
        waiting = [folder]
        while waiting:
            inner = waiting.pop()
            with os.scandir(self._root / inner) as entries:
                for entry in entries:
                    path = f"{inner}/{entry.name}" if inner else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if deep and not is_hidden(entry.name):
                            waiting.append(path)
                    elif (found := self._file(entry, path)) is not None:
                        files.append(found)
        return files

    def _file(self, entry: os.DirEntry[str], path: str) -> RemoteFile | None:
        require_safe_path(path)
        if entry.is_symlink():
            if not Path(entry.path).resolve().is_relative_to(self._real_root):
                raise DumpRefusedError(f"{shown(path)}: a link that leaves the landing zone is not followed")
            if not Path(entry.path).exists():
                raise DumpRefusedError(f"{shown(path)}: a link that leads nowhere")
            if entry.is_dir():
                raise DumpRefusedError(f"{shown(path)}: a link to a folder is not followed")
        try:
            status = entry.stat()
        except FileNotFoundError:
            return None  # taken away between the two looks; the listing after the pull tells
        return RemoteFile(path, status.st_size, _utc(status.st_mtime_ns))


@asynccontextmanager
async def connect_store(open_store: OpenStore, label: str) -> AsyncIterator[Session]:
    """Connect to an object store; obstore opens its connections as they are needed."""
    try:
        store = open_store()
    except UnknownConfigurationKeyError:
        raise ZoneConfigError(f"landing zone {label}: obstore does not know one of its options") from None
    except (BaseError, ValueError) as error:
        raise explain(error, label, "") from None
    yield ObjectSession(store, label)


@asynccontextmanager
async def connect_folder(root: Path, label: str) -> AsyncIterator[Session]:
    """Connect to a folder, which must exist."""
    yield FolderSession(root, label)


def explain(error: Exception, label: str, path: str) -> LandingError:
    """Put obstore's error into one sentence, without its text: that may hold a signed address."""
    text = str(error)
    where = f"landing zone {label}" + (f", {shown(path)}" if path else "")
    if isinstance(error, InvalidPathError):
        bad = _BAD_PATH.search(text)
        return DumpRefusedError(f"{shown(bad[1]) if bad else where}: a name that is no safe path is not taken")
    if _INSTANCE_METADATA_HOST in text:
        return ZoneConfigError(f"{where}: no credentials were found in the environment or the files it names")
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or "kind: PermissionDenied" in text:
        return ZoneConfigError(f"{where}: {_NOT_ACCEPTED}")
    if "builder error" in text or isinstance(error, ValueError):
        return ZoneConfigError(f"{where}: the address or an option of the store is not valid")
    return _explain_answer(text, where)


def _explain_answer(text: str, where: str) -> LandingError:
    status, code = _STATUS.search(text), _ERROR_CODE.search(text)
    if status is None:
        return ZoneUnreachableError(f"{where}: the connection failed or broke")
    if code and code[1] in _NO_SUCH_BUCKET:
        return ZoneConfigError(f"{where}: there is no such bucket")
    if int(status[1]) in _NOT_ALLOWED:
        return ZoneConfigError(f"{where}: {_NOT_ACCEPTED}")
    answer = f"{where}: the server answered {status[1]}" + (f" ({code[1]})" if code else "")
    transient = int(status[1]) in (_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT) or int(status[1]) >= _SERVER_ERROR
    return ZoneUnreachableError(answer) if transient else ZoneConfigError(answer)


def _utc(nanoseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def _is_other(file: RemoteFile, meta: "ObjectMeta") -> bool:
    if meta["size"] != file.bytes:
        return True
    # Where there is an ETag the server has compared it; a listing's time is finer than a response header's.
    return file.etag is None and abs(meta["last_modified"] - file.modified_at) > _CLOCK_ROUNDING


def _changed(file: RemoteFile) -> NoReturn:
    raise DumpNotCompleteError(f"{shown(file.path)} changed while it was read")


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]

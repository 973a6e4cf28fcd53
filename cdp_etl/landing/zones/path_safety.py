"""Safety of listed files: rejects names that are unsafe as paths on the local machine, and what is no file.

`cdp_etl.contract.file_names` reads the meaning of a safe name.
"""

import unicodedata
from collections.abc import Iterable
from stat import S_IFMT, S_ISREG

from cdp_etl.landing.errors import DumpRefusedError

_MAX_NAME_BYTES = 255


def printable(name: str) -> str:
    """Return a name with its non-printable characters escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def require_safe_path(path: str) -> None:
    """Check that a path stays inside its folder and shows no misleading characters.

    Raises:
        DumpRefusedError: If the path is absolute or contains `..`, an empty part, a backslash, an invisible
            character, or a part that is too long for a file system.
    """
    if path.startswith("/"):
        raise DumpRefusedError(f"{printable(path)}: an absolute path is refused")
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise DumpRefusedError(f"{printable(path)}: a path with an empty part, `.` or `..` is refused")
        if "\\" in part or any(unicodedata.category(character).startswith("C") for character in part):
            raise DumpRefusedError(f"{printable(path)}: a name with a backslash or control character is refused")
        if len(part.encode()) > _MAX_NAME_BYTES:
            raise DumpRefusedError(f"{printable(path)}: a name longer than {_MAX_NAME_BYTES} bytes is refused")


def require_regular(path: str, mode: int) -> None:
    """Check that a listed entry is a regular file; reading anything else may never end.

    Args:
        path: Path of the entry.
        mode: Its mode as of `stat`, with the type. An SFTP server may send none; then nothing is refused.

    Raises:
        DumpRefusedError: If it is a named pipe, a socket or a device.
    """
    if S_IFMT(mode) and not S_ISREG(mode):
        raise DumpRefusedError(f"{printable(path)}: a named pipe, socket or device is refused")


def require_distinct(paths: Iterable[tuple[str, str]]) -> None:
    """Check that no two files have the same path in the archive.

    Some file systems treat paths that differ only in case or Unicode form as one file.

    Args:
        paths: Pairs of delivered path and path in the archive.

    Raises:
        DumpRefusedError: If two paths are the same.
    """
    seen: dict[str, str] = {}
    for path, archive_path in paths:
        folded = unicodedata.normalize("NFC", archive_path).casefold()
        if folded in seen:
            raise DumpRefusedError(
                f"{printable(path)} and {printable(seen[folded])}: names that differ only in "
                "case, or by .pgp or .gpg, or in the form of Unicode, are refused"
            )
        seen[folded] = path

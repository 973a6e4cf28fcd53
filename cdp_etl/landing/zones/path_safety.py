"""Names from a server are data: which of them may become a path on this machine.

Put here the rules for names alone; what a safe name means stands in `cdp_etl.contract.file_names`.
"""

import unicodedata
from collections.abc import Iterable

from cdp_etl.landing.errors import DumpRefusedError

_LONGEST_NAME_BYTES = 255


def shown(name: str) -> str:
    """Give a name as it can be printed: what is not printable is escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def require_safe_path(path: str) -> None:
    """Refuse a relative path that could lead out of a folder or mislead a reader.

    Raises:
        DumpRefusedError: absolute, `..`, an empty part, a backslash, a control or other invisible character,
            or a part too long for a file system.
    """
    if path.startswith("/"):
        raise DumpRefusedError(f"{shown(path)}: an absolute path is not taken from a server")
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise DumpRefusedError(f"{shown(path)}: a path with an empty part, `.` or `..` is not taken")
        if "\\" in part or any(unicodedata.category(character).startswith("C") for character in part):
            raise DumpRefusedError(f"{shown(path)}: a backslash or control character in a name is not taken")
        if len(part.encode()) > _LONGEST_NAME_BYTES:
            raise DumpRefusedError(f"{shown(path)}: a name longer than {_LONGEST_NAME_BYTES} bytes is not taken")


def require_distinct(paths: Iterable[tuple[str, str]]) -> None:
    """Refuse files that would become one: (path as delivered, path in the archive), in no order.

    Paths that differ in case or Unicode form only are one file on some file systems.

    Raises:
        DumpRefusedError: naming two such paths.
    """
    seen: dict[str, str] = {}
    for path, kept_as in paths:
        folded = unicodedata.normalize("NFC", kept_as).casefold()
        if folded in seen:
            raise DumpRefusedError(
                f"{shown(path)} and {shown(seen[folded])}: names that differ in case only, or by .pgp or .gpg, "
                "are not taken"
            )
        seen[folded] = path

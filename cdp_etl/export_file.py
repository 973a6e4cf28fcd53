"""A file that a person exports: new, written atomically, readable by its owner alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cdp_etl.errors import CdpEtlError

_OWNER_ONLY: Final = 0o600


class ExportExistsError(CdpEtlError):
    """The target file exists already; it is not changed."""


@contextmanager
def export_file(target: Path) -> Iterator[Path]:
    """Yield the path of an empty file to write. After the block it gets the name `target`.

    Raises:
        ExportExistsError: If the target exists.
    """
    if target.exists():
        raise ExportExistsError(f"{target} exists; choose another name.")
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)  # left by an export that was killed
    try:
        unfinished.touch(_OWNER_ONLY, exist_ok=False)
        yield unfinished
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)

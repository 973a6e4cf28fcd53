"""A file that a person exports: new, written atomically, readable by its owner alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cdp_etl.durable_files import replace_file
from cdp_etl.errors import CdpEtlError
from cdp_etl.storage_errors import naming

_OWNER_ONLY: Final = 0o600


class ExportExistsError(CdpEtlError):
    """The target file exists already; it is not changed."""


def require_absent(target: Path) -> None:
    """Check that the target of an export does not exist.

    Raises:
        ExportExistsError: If it exists.
    """
    if target.exists():
        raise ExportExistsError(f"{target} exists; choose another name.")


@contextmanager
def export_file(target: Path) -> Iterator[Path]:
    """Yield the path of an empty file to write. After the block it gets the name `target`.

    Raises:
        ExportExistsError: If the target exists.
    """
    require_absent(target)
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)  # left by an export that was killed
    try:
        unfinished.touch(_OWNER_ONLY, exist_ok=False)
        with naming(unfinished):  # a failed write does not name its file
            yield unfinished
        replace_file(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)

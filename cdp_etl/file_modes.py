"""Modes of the files that the product writes: for their owner, and what is published for a group of readers.

Entry points call `restrict_new_files` before they write anything. `tighten` brings an existing data folder to the
same modes.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from stat import S_IMODE, S_ISLNK
from typing import Final

from cdp_etl.errors import CdpEtlError

_OF_OTHERS: Final = 0o077
_OF_OWNER: Final = 0o700
_READ_AND_SEARCH: Final = 0o500


class ReadersGroupError(CdpEtlError):
    """A file cannot be given to the group of readers; the message names both."""


def restrict_new_files() -> None:
    """Restrict the files that this process and its children create to their owner."""
    os.umask(_OF_OTHERS)


@dataclass(frozen=True, slots=True)
class Readers:
    """The group that may read published data.

    Attributes:
        group_id: Id of the group; None if only the owner may read.
    """

    group_id: int | None = None

    def admit(self, path: Path) -> None:
        """Set mode and group of a file or folder, so that the group can read it.

        Raises:
            ReadersGroupError: If the system does not permit it.
        """
        if self.group_id is None:
            return
        try:
            os.chown(path, -1, self.group_id)
            path.chmod(self.mode(path.stat().st_mode))
        except PermissionError:
            raise ReadersGroupError(
                f"{path} cannot be given to the group {self.group_id} of CDP_ETL_READERS_GROUP: the user of this"
                " process must own the file and be a member of the group."
            ) from None

    def admit_tree(self, folder: Path) -> None:
        """Set mode and group of a folder and of everything in it.

        Raises:
            ReadersGroupError: If the system does not permit it.
        """
        for path in _tree(folder):
            self.admit(path)

    def mode(self, mode: int) -> int:
        """Return the mode with the owner's bits, and those of the group that follow from them."""
        owner = mode & _OF_OWNER
        return owner if self.group_id is None else owner | (owner & _READ_AND_SEARCH) >> 3


OWNER_ONLY: Final = Readers()


@dataclass(frozen=True, slots=True)
class TightenedModes:
    """Result of `tighten`.

    Attributes:
        changed: Number of files and folders with another mode or group than before.
        foreign: Number of those that belong to other users and stay as they are.
    """

    changed: int
    foreign: int


def tighten(
    data: Path,
    *,
    published: Collection[Path],
    readers: Readers,
    skipped: Collection[Path],
    outside: Collection[Path] = (),
) -> TightenedModes:
    """Set mode and group of everything in a data folder. Links are not followed.

    Args:
        data: The data folder. The group may search it, to reach what is published.
        published: Folders in it that the group may read, and files with the folders that lead to them.
        readers: The group.
        skipped: Folders in it that are not the product's own, such as a landing zone.
        outside: Files and folders elsewhere that are for their owner alone.
    """
    admitted = {data, *(path for folder in published for path in _tree(folder))}
    admitted.update(parent for path in published for parent in path.parents if parent.is_relative_to(data))
    changed = foreign = 0
    for path in chain(_tree(data, skipped), *(_tree(path, skipped) for path in outside)):
        whose = readers if path in admitted else OWNER_ONLY
        try:
            changed += _set_mode(path, whose)
        except FileNotFoundError:
            continue  # removed meanwhile by another process
        except PermissionError:
            foreign += 1
    return TightenedModes(changed, foreign)


def _set_mode(path: Path, readers: Readers) -> bool:
    """Set mode and group of a file or folder; return whether they were others."""
    status = path.lstat()
    if S_ISLNK(status.st_mode):
        return False
    mode = readers.mode(status.st_mode)
    has_group = readers.group_id in (None, status.st_gid)
    if has_group and mode == S_IMODE(status.st_mode):
        return False
    if not has_group:
        os.chown(path, -1, readers.group_id or 0)
    path.chmod(mode)
    return True


def _tree(folder: Path, skipped: Collection[Path] = ()) -> Iterator[Path]:
    """Yield a folder and everything in it, but no links and nothing in skipped folders."""
    if not folder.exists():
        return
    yield folder
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(parent, name) not in skipped]
        yield from (path for name in (*folders, *files) if not (path := Path(parent, name)).is_symlink())

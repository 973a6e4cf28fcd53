"""Files that take another's place wholly and for good, also when the power fails.

Put here only the moving of bytes. What the files mean is `compaction.py` and `backups.py`.
"""

import os
import shutil
from pathlib import Path


def replace_durably(new: Path, path: Path) -> None:
    """Sync a finished file and give it the place of another, by rename."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def copy_durably(source: Path, path: Path) -> None:
    """Copy a file so that under its new name it is whole or not there."""
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, part)
        replace_durably(part, path)
    finally:
        part.unlink(missing_ok=True)

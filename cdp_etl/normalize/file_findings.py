"""Findings about the files of a dump: what was recognised in a file beyond what its name says.

Readers add facts while they read. A finding stops nothing. It is stored in the summary of the dump.
"""

from typing import Final

MAX_FACTS: Final = 50
"""Different facts stored for a dump."""


class FileFindings:
    """Facts found in files, in the order in which they were found."""

    def __init__(self) -> None:
        """Start without any fact."""
        self._files: dict[str, dict[str, None]] = {}

    def add(self, file: str, fact: str) -> None:
        """Add a fact about a file, without any value of a record; a known one is not added again."""
        if fact in self._files or len(self._files) < MAX_FACTS:
            self._files.setdefault(fact, {})[file] = None

    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each fact, with the first file that it was found in and the number of others."""
        return tuple(f"{_named(list(files))}: {fact}" for fact, files in self._files.items())


def _named(files: list[str]) -> str:
    others = len(files) - 1
    return f"{files[0]} and {others} more {'file' if others == 1 else 'files'}" if others else files[0]

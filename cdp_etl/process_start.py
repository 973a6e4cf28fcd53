"""Start time of a process, which tells a process from a later one with the same id."""

from pathlib import Path
from typing import Final

_STATE: Final = 0
_START_TIME: Final = 19
"""Fields of /proc/PID/stat, counted after the program's name."""
_ZOMBIE: Final = "Z"
"""State of a process that has ended, but whose parent has not read its exit status yet."""


def start_time(pid: int) -> str:
    """Return the start time of a process in kernel ticks; empty if it has ended or there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()  # after the program's name, which may contain any character
    return "" if fields[_STATE] == _ZOMBIE else fields[_START_TIME]

"""Progress of the validation of a dump: records, records a second, and the time left."""

import time
from collections.abc import Collection, Mapping

_MIN_SECONDS = 2.0
"""Before that a rate says nothing."""


class ValidationProgress:
    """Sentences about the progress of one dump.

    The time left follows from the bytes of the files that are done, so it is known from the second file on.
    """

    def __init__(self, dump: str, file_bytes: Mapping[str, int]) -> None:
        """Start the clock.

        Args:
            dump: Entity and dump date.
            file_bytes: Sizes of the files as delivered, by path, in the order of delivery.
        """
        self._dump = dump
        self._file_bytes = file_bytes
        self._started_at = time.monotonic()

    def sentence(self, records: int, begun_files: Collection[str]) -> str:
        """Return the progress.

        Args:
            records: Records validated so far.
            begun_files: Paths of the files with validated records; the last of them is not done yet.
        """
        sentence = f"{self._dump}: {records} records validated"
        seconds = time.monotonic() - self._started_at
        if seconds < _MIN_SECONDS:
            return sentence
        sentence += f", {records / seconds:,.0f} a second"
        begun = [path for path in self._file_bytes if path in begun_files]
        done = sum(self._file_bytes[path] for path in begun[:-1])
        if not done:
            return sentence
        left = seconds / done * (sum(self._file_bytes.values()) - done)
        return f"{sentence}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"  # noqa: PLR2004 - two minutes

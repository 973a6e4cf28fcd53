"""The keys of a whole dump, spilled to disk by key hash, so that repeated ones are found in bounded memory.

Put here only which keys come more than once. Which version counts is decided in `versions.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

KEY_ENTRY: Final = np.dtype([("hash", "<u8"), ("place", "<u8"), ("index", "<u4")])
"""One record's key: its hash, its place in the order of delivery (batch in the upper 32 bits, record in the
lower), and its index in the batch's file of accepted records."""

REFUSED: Final = 0xFFFFFFFF
"""The index of a record that was refused: it is in no file of accepted ones."""

KeyEntries = npt.NDArray[np.void]

_BUCKET_BITS: Final = 6
_HELD_AT_MOST: Final = 1_000_000


def place_of(batch: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Give the places of a batch's records in the order of delivery."""
    return (np.uint64(batch) << np.uint64(32)) | rows.astype(np.uint64)


def batch_of(places: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Give the batch that each place is in."""
    return (places >> np.uint64(32)).astype(np.int64)


class KeySpill:
    """Takes the keys of a dump, in any order, and gives those that come more than once.

    Up to a million keys are held in memory; more go to files, one for each of 64 ranges of the hash.
    """

    def __init__(self, directory: Path) -> None:
        """Begin empty; the directory exists and is this object's own."""
        self._directory = directory
        self._held: list[KeyEntries] = []
        self._held_count = 0
        self._has_files = False

    def add(self, entries: KeyEntries) -> None:
        """Take in some keys."""
        self._held.append(entries)
        self._held_count += len(entries)
        if self._held_count > _HELD_AT_MOST:
            self._flush()

    def repeated(self, at_most: int) -> Iterator[KeyEntries]:
        """Give all entries of keys that come more than once, sorted by hash and place.

        They come in groups of about `at_most`; the entries of one hash are all in one group.
        """
        group: list[KeyEntries] = []
        count = 0
        for bucket in self._buckets():
            found = _repeated(bucket)
            if count and count + len(found) > at_most:
                yield np.concatenate(group)
                group, count = [], 0
            group.append(found)
            count += len(found)
        if count:
            yield np.concatenate(group)

    def _buckets(self) -> Iterator[KeyEntries]:
        if not self._has_files:
            if self._held:
                yield np.concatenate(self._held)
            return
        self._flush()
        for path in sorted(self._directory.glob("*.keys")):
            yield np.fromfile(path, KEY_ENTRY)

    def _flush(self) -> None:
        if not self._held:
            return
        entries = np.concatenate(self._held)
        self._held, self._held_count, self._has_files = [], 0, True
        buckets = (entries["hash"] >> np.uint64(64 - _BUCKET_BITS)).astype(np.uint8)
        order = np.argsort(buckets, kind="stable")
        edges = np.searchsorted(buckets[order], np.arange((1 << _BUCKET_BITS) + 1))
        for bucket in range(1 << _BUCKET_BITS):
            with (self._directory / f"{bucket:02d}.keys").open("ab") as file:
                file.write(entries[order[edges[bucket] : edges[bucket + 1]]].tobytes())


def _repeated(entries: KeyEntries) -> KeyEntries:
    """Give the entries whose hash comes more than once, at least once in a record that was not refused."""
    entries = entries[np.lexsort((entries["place"], entries["hash"]))]
    is_first = np.ones(len(entries), np.bool_)
    is_first[1:] = entries["hash"][1:] != entries["hash"][:-1]
    group = np.cumsum(is_first) - 1
    counts = np.bincount(group) if len(group) else np.zeros(0, np.int64)
    good = np.bincount(group, entries["index"] != REFUSED) if len(group) else counts
    repeated: KeyEntries = entries[((counts > 1) & (good > 0))[group]]
    return repeated

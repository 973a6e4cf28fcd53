"""Key entries of a whole dump, spilled to disk by key hash to find repeated keys in bounded memory.

`resolve.py` decides which version of a repeated key is accepted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

KEY_ENTRY: Final = np.dtype([("hash", "<u8"), ("position", "<u8"), ("index", "<u4")])
"""Key of one record.

`hash` is the hash of the key. `position` is the place in the order of delivery: batch in the upper 32 bits, row in
the lower. `index` is the row in the batch's file of valid records.
"""

QUARANTINED_INDEX: Final = 0xFFFFFFFF
"""The `index` of a quarantined record, which is in no file of valid records."""

KeyEntries = npt.NDArray[np.void]

_BUCKET_BITS: Final = 6
_MAX_KEYS_IN_MEMORY: Final = 1_000_000


def delivery_positions(batch: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return the positions of a batch's records in the order of delivery."""
    return (np.uint64(batch) << np.uint64(32)) | rows.astype(np.uint64)


def batch_numbers(positions: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the batch number of each position."""
    return (positions >> np.uint64(32)).astype(np.int64)


class KeySpill:
    """Collects the keys of a dump, in any order, and returns the repeated ones.

    Up to a million keys stay in memory. More go to files, one for each of 64 ranges of the hash.
    """

    def __init__(self, directory: Path) -> None:
        """Start empty; the directory exists and no one else uses it."""
        self._directory = directory
        self._in_memory: list[KeyEntries] = []
        self._count_in_memory = 0
        self._has_files = False

    def add(self, entries: KeyEntries) -> None:
        """Add keys."""
        self._in_memory.append(entries)
        self._count_in_memory += len(entries)
        if self._count_in_memory > _MAX_KEYS_IN_MEMORY:
            self._flush()

    def repeated(self, max_entries: int) -> Iterator[KeyEntries]:
        """Yield all entries of repeated keys, sorted by hash and position.

        They are yielded in groups of about `max_entries`; all entries of one hash are in the same group.
        """
        group: list[KeyEntries] = []
        count = 0
        for bucket in self._buckets():
            found = _repeated(bucket)
            if count and count + len(found) > max_entries:
                yield np.concatenate(group)
                group, count = [], 0
            group.append(found)
            count += len(found)
        if count:
            yield np.concatenate(group)

    def _buckets(self) -> Iterator[KeyEntries]:
        if not self._has_files:
            if self._in_memory:
                yield np.concatenate(self._in_memory)
            return
        self._flush()
        for path in sorted(self._directory.glob("*.keys")):
            yield np.fromfile(path, KEY_ENTRY)

    def _flush(self) -> None:
        if not self._in_memory:
            return
        entries = np.concatenate(self._in_memory)
        self._in_memory, self._count_in_memory, self._has_files = [], 0, True
        buckets = (entries["hash"] >> np.uint64(64 - _BUCKET_BITS)).astype(np.uint8)
        order = np.argsort(buckets, kind="stable")
        edges = np.searchsorted(buckets[order], np.arange((1 << _BUCKET_BITS) + 1))
        for bucket in range(1 << _BUCKET_BITS):
            with (self._directory / f"{bucket:02d}.keys").open("ab") as file:
                file.write(entries[order[edges[bucket] : edges[bucket + 1]]].tobytes())


def _repeated(entries: KeyEntries) -> KeyEntries:
    """Return the entries with a repeated hash, if at least one of its records is valid."""
    entries = entries[np.lexsort((entries["position"], entries["hash"]))]
    is_first = np.ones(len(entries), np.bool_)
    is_first[1:] = entries["hash"][1:] != entries["hash"][:-1]
    group = np.cumsum(is_first) - 1
    counts = np.bincount(group) if len(group) else np.zeros(0, np.int64)
    valid = np.bincount(group, entries["index"] != QUARANTINED_INDEX) if len(group) else counts
    repeated: KeyEntries = entries[((counts > 1) & (valid > 0))[group]]
    return repeated

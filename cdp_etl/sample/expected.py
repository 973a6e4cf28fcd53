"""What a dump must come to when it is read: counted while it is made, written beside it as `_expected.json`.

Put here the counting. The rules counted by are those of the records page: the last valid record of a key is
accepted, the valid ones before it are superseded, and an invalid one after it leaves a warning on it.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from cdp_etl.sample.faults import Mutation
from cdp_etl.sample.seeded_random import BoolArray, IntArray

EXPECTED_FILE: Final = "_expected.json"


@dataclass(frozen=True)
class ExpectedCounts:
    """The figures of one dump.

    Attributes:
        entity: The entity's contract name.
        dump_date: The day of the dump.
        read: Records in the dump.
        accepted: Records that are accepted.
        superseded: Valid records whose key comes again, valid, later in the dump.
        quarantined: Records that are refused.
        with_warnings: Accepted records that bear a warning.
        reasons: How many quarantined records bear each reason.
    """

    entity: str
    dump_date: date
    read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    reasons: dict[str, int]

    def write(self, folder: Path) -> None:
        """Write the figures into the dump's folder, under a name that marks them as no data."""
        values = asdict(self) | {"dump_date": self.dump_date.isoformat()}
        text = json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / EXPECTED_FILE).write_text(text + "\n", encoding="utf-8")


class ExpectedCountsBuilder:
    """Counts a dump while it is made, one number and two flags a row."""

    def __init__(self, rows: int) -> None:
        self._keys = np.zeros(rows, dtype=np.int64)
        self._is_valid = np.ones(rows, dtype=np.bool_)
        self._warns = np.zeros(rows, dtype=np.bool_)
        self._reasons: Counter[str] = Counter()
        self._appended = 0

    def add_rows(self, position: IntArray, keys: IntArray, warns: BoolArray) -> None:
        """Note the keys of rows, and which bear an unusable contact."""
        self._keys[position] = keys
        self._warns[position] |= warns

    def add_mutation(self, position: int, mutation: Mutation) -> None:
        """Note what was done to a row, after the row itself; a key that cannot be read equals no other."""
        self._is_valid[position] = not mutation.reasons
        self._warns[position] |= mutation.warns
        self._reasons.update(mutation.reasons)
        if not mutation.keeps_key:
            self._keys[position] = -1 - position

    def add_appended(self, records: int) -> None:
        """Note records with keys of their own that are accepted with a warning."""
        self._appended += records

    def expected(self, entity: str, dump_date: date) -> ExpectedCounts:
        """Give the figures."""
        rows = len(self._keys)
        accepted = _last_of_each(self._keys, np.flatnonzero(self._is_valid))
        has_newer = ~np.isin(accepted, _last_of_each(self._keys, np.arange(rows)), assume_unique=True)
        quarantined = rows - int(np.count_nonzero(self._is_valid))
        return ExpectedCounts(
            entity=entity,
            dump_date=dump_date,
            read=rows + self._appended,
            accepted=len(accepted) + self._appended,
            superseded=rows - quarantined - len(accepted),
            quarantined=quarantined,
            with_warnings=int(np.count_nonzero(self._warns[accepted] | has_newer)) + self._appended,
            reasons=dict(sorted(self._reasons.items())),
        )


def _last_of_each(keys: IntArray, positions: IntArray) -> IntArray:
    """Give, of these positions, the last one of each key."""
    backwards = positions[::-1]
    _, first = np.unique(keys[backwards], return_index=True)
    return backwards[first]

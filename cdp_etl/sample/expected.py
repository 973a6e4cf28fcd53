"""Expected counts of a generated dump, collected during generation and written to `_expected.json`.

The rules are those of docs/records.md: the last valid record of a key is accepted, earlier valid ones are
superseded, and an invalid one after the accepted record adds a warning to it.
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
    """Expected counts of one dump.

    Attributes:
        entity: Contract name of the entity.
        dump_date: Day of the dump.
        read: Number of records in the dump.
        accepted: Number of accepted records.
        superseded: Number of valid records with a later valid record of the same key.
        quarantined: Number of quarantined records.
        with_warnings: Number of accepted records with a warning.
        reasons: Number of quarantined records by reason.
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
        """Write the counts into the dump's folder. The leading `_` of the file name marks the file as no data."""
        values = asdict(self) | {"dump_date": self.dump_date.isoformat()}
        text = json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / EXPECTED_FILE).write_text(text + "\n", encoding="utf-8")


class ExpectedCountsBuilder:
    """Collect the counts of a dump during generation, with one number and two flags per row."""

    def __init__(self, rows: int) -> None:
        self._keys = np.zeros(rows, dtype=np.int64)
        self._is_valid = np.ones(rows, dtype=np.bool_)
        self._warns = np.zeros(rows, dtype=np.bool_)
        self._reasons: Counter[str] = Counter()
        self._appended = 0

    def add_rows(self, position: IntArray, keys: IntArray, warns: BoolArray) -> None:
        """Record the keys of rows, and which of them have an unusable contact."""
        self._keys[position] = keys
        self._warns[position] |= warns

    def add_mutation(self, position: int, mutation: Mutation) -> None:
        """Record the mutation of a row that was added before. A key that cannot be parsed equals no other key."""
        self._is_valid[position] = not mutation.reasons
        self._warns[position] |= mutation.warns
        self._reasons.update(mutation.reasons)
        if not mutation.keeps_key:
            self._keys[position] = -1 - position

    def add_appended(self, records: int) -> None:
        """Record appended records. Each has a key of its own and is accepted with a warning."""
        self._appended += records

    def expected(self, entity: str, dump_date: date) -> ExpectedCounts:
        """Return the counts."""
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
    """Return the last of these positions for each key."""
    backwards = positions[::-1]
    _, first = np.unique(keys[backwards], return_index=True)
    return backwards[first]

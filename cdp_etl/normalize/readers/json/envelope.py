"""What an API payload says of all its entries.

`{"objectType": …, "source": …, "entries": [ … ], "ignoredUpdateCfs": [ … ]}` (inferred from the contract's API;
see RECORDS, "The dump"). Put here what an envelope does to a record; how entries are found stands in `payload.py`
and `json_array.py`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import ValueRefusedError, read_list, trimmed

ENTRIES: Final = "entries"
IGNORED_UPDATE_CFS: Final = "ignoredUpdateCfs"
SYSTEM_NAME: Final = "systemName"

_FOLDED_AWAY: Final = re.compile(r"[-_\s]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a payload says of its entries, as delivered.

    Attributes:
        object_type: The entity that the entries are of; None where it is not told.
        source: The `systemName` of an entry that has none.
        ignored: Names of custom fields that each entry must not change.
    """

    object_type: Any
    source: Any
    ignored: Any

    def is_of(self, entity: Entity) -> bool:
        """Say whether the entries are of this entity; the name's spelling (case, `-`, `_`) does not count."""
        if self.object_type is None:
            return True
        return isinstance(self.object_type, str) and _folded(self.object_type) == _folded(entity.name)

    def around(self, record: dict[str, Any]) -> dict[str, Any]:
        """Give an entry with what the payload says of it."""
        told = dict(record)
        if self.source is not None and _is_absent(record.get(SYSTEM_NAME)):
            told[SYSTEM_NAME] = self.source
        if self.ignored is not None:
            told[IGNORED_UPDATE_CFS] = _both(self.ignored, record.get(IGNORED_UPDATE_CFS))
        return told


def envelope_of(value: Any) -> Envelope | None:
    """Give the envelope of a JSON value, None where it is no payload: an object whose `entries` is an array."""
    if not isinstance(value, dict) or not isinstance(value.get(ENTRIES), list):
        return None
    return Envelope(value.get("objectType"), value.get("source"), value.get(IGNORED_UPDATE_CFS))


def _folded(name: str) -> str:
    return _FOLDED_AWAY.sub("", name).lower()


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not trimmed(value))


def _both(told: Any, own: Any) -> Any:
    """Join the payload's list and the entry's own; where one cannot be read it stands, to be refused."""
    if _is_absent(own):
        return told
    try:
        first = read_list(told) or []
    except ValueRefusedError:
        return told
    try:
        second = read_list(own) or []
    except ValueRefusedError:
        return own
    return list(dict.fromkeys([*first, *second]))

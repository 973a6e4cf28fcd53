"""Envelope of an API payload: the members that apply to all of its entries.

`{"objectType": …, "source": …, "entries": [ … ], "ignoredUpdateCfs": [ … ]}` (inferred from the contract's API,
see docs/records.md). `payload.py` and `stream.py` find the entries.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.naming import looks_like_field_name
from cdp_etl.contract.parsers import InvalidValueError, normalize_text, parse_list
from cdp_etl.normalize.reference_path import IGNORED_UPDATE_CFS_KEY

ENTRIES: Final = "entries"
OBJECT_TYPE: Final = "objectType"
SOURCE: Final = "source"
SYSTEM_NAME: Final = "systemName"

_MAX_NAMED: Final = 20
_IGNORED_CHARACTERS: Final = re.compile(r"[-_\s]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Members of a payload that apply to its entries, as delivered.

    Attributes:
        object_type: The entity of the entries, or None if it is absent.
        source: The `systemName` of an entry that has none.
        ignored: Names of custom fields that no entry may change.
    """

    object_type: Any
    source: Any
    ignored: Any

    def is_of(self, entity: Entity) -> bool:
        """Return whether the entries are of this entity, ignoring case, `-` and `_` in its name."""
        if self.object_type is None:
            return True
        return isinstance(self.object_type, str) and _normalized(self.object_type) == _normalized(entity.name)

    def apply(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return an entry with the members of the envelope that apply to it."""
        applied = dict(record)
        if self.source is not None and _is_absent(record.get(SYSTEM_NAME)):
            applied[SYSTEM_NAME] = self.source
        if self.ignored is not None:
            applied[IGNORED_UPDATE_CFS_KEY] = _union(self.ignored, record.get(IGNORED_UPDATE_CFS_KEY))
        return applied


def parse_envelope(entity: Entity, value: Any) -> Envelope | None:
    """Return the envelope of a payload, or None if the value is none.

    A payload is an object whose `entries` is an array. An object with the entity's own id is a record, unless it
    has `objectType`, or an entry has that id (house rule).
    """
    if not isinstance(value, dict) or not isinstance(value.get(ENTRIES), list):
        return None
    entries = (entry for entry in value[ENTRIES] if isinstance(entry, dict))
    is_record = has_own_id(entity, value) and not any(has_own_id(entity, entry) for entry in entries)
    if is_record and OBJECT_TYPE not in value:
        return None
    return envelope_of(value)


def envelope_of(value: dict[str, Any]) -> Envelope:
    """Return the envelope of a payload."""
    return Envelope(value.get(OBJECT_TYPE), value.get(SOURCE), value.get(IGNORED_UPDATE_CFS_KEY))


def has_own_id(entity: Entity, value: dict[str, Any]) -> bool:
    """Return whether an object has the entity's own id, in any spelling of its key."""
    return any(key == entity.own_id_field or named_field(entity, key) == entity.own_id_field for key in value)


def unknown_members(value: dict[str, Any]) -> str | None:
    """Return the fact that a payload has members which apply to no entry, or None if it has none."""
    names = [key for key in value if key not in {OBJECT_TYPE, SOURCE, ENTRIES, IGNORED_UPDATE_CFS_KEY}]
    if not names:
        return None
    named = ", ".join(f"`{name}`" for name in names[:_MAX_NAMED] if looks_like_field_name(name))
    return f"a payload has members that do not apply to its entries: {named or len(names)}"


def _normalized(name: str) -> str:
    return _IGNORED_CHARACTERS.sub("", name).lower()


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not normalize_text(value))


def _union(of_envelope: Any, of_entry: Any) -> Any:
    """Combine the lists of the envelope and the entry; an invalid list is returned, for validation to reject."""
    if _is_absent(of_entry):
        return of_envelope
    try:
        first = parse_list(of_envelope) or []
    except InvalidValueError:
        return of_envelope
    try:
        second = parse_list(of_entry) or []
    except InvalidValueError:
        return of_entry
    return list(dict.fromkeys([*first, *second]))

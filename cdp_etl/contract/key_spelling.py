"""Spellings of keys: which field a delivered key or header names if it is not the contract's exact name.

House rule (docs/records.md, "Spelling of keys"). The exact name always wins. Another spelling gives the field only
if the record or header does not have the exact one; of two others the last one wins.
"""

import re
from functools import lru_cache
from typing import Any, Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import camel_case
from cdp_etl.contract.table import IGNORED_UPDATE_CFS

_INVISIBLE: Final = "\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_FILLERS: Final = re.compile(rf"[-_.\s{_INVISIBLE}]+")
_NEVER_FOLDED: Final = re.compile(rf"[\s{_INVISIBLE}]*[_$]")
"""Start of names that belong to a system, such as MongoDB's `_id` and `$oid`."""
_MAX_LENGTH: Final = 100
"""Longer keys name no field."""


def fold_key(key: str) -> str:
    """Return the form in which keys are compared: without case, `_`, `-`, `.`, white space and invisible marks.

    The result is empty for a key that is never folded, because it begins with `_` or `$`.
    """
    return "" if _NEVER_FOLDED.match(key) else _FILLERS.sub("", key).lower()


@lru_cache(maxsize=4096)
def _named_field(entity: Entity, key: str) -> str | None:
    return _folded_names(entity).get(fold_key(key))


def named_field(entity: Entity, key: str) -> str | None:
    """Return the contract's name of the field that a key names in any spelling, or None."""
    return None if len(key) > _MAX_LENGTH else _named_field(entity, key)


@lru_cache
def _folded_names(entity: Entity) -> dict[str, str]:
    return {fold_key(name): name for name in (*entity.by_contract_name, camel_case(IGNORED_UPDATE_CFS.name))}


def with_exact_names(entity: Entity, record: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON record in which other spellings have the contract's name, unless another key has that field.

    Keys whose field has another key stay as they are.
    """
    spelled: dict[str, str] = {}
    for key in record:
        if key not in entity.by_contract_name:
            name = named_field(entity, key)
            if name is not None and name not in record:
                spelled[name] = key
    if not spelled:
        return record
    names = {key: name for name, key in spelled.items()}
    return {names.get(key, key): value for key, value in record.items()}

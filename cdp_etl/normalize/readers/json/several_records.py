"""Objects that hold several records: pages of an API, maps by id, columns. As one record they would hide how many.

An object with the entity's own id as text or number is a record, whatever else it holds.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.readers.json.envelope import has_own_id
from cdp_etl.normalize.reference_path import CUSTOM_FIELD_PREFIX, IGNORED_UPDATE_CFS_KEY

_HOLDS: Final = "an object that holds objects or arrays"
_MIN_ITEMS: Final = 2
_NEXT_OBJECT: Final = re.compile(r'[^{}\[\]"]{0,16}\{')
"""Text behind an object that separates it from another one: a comma, `|`, `\\n` as two characters, NUL."""


def is_followed_by_object(text: str, end: int) -> bool:
    """Return whether a line holds several objects with little text between them; `end` is that of the first."""
    return text.startswith("{") and _NEXT_OBJECT.match(text, end) is not None


def several_in_text(entity: Entity, text: str) -> bool:
    """Return whether a text is JSON of several records: messages of queues hold a batch as text."""
    if not text.lstrip().startswith("["):
        return False
    try:
        items = strict_json.parse(text)
    except strict_json.MalformedJsonError:
        return False
    return sum(isinstance(item, dict) and has_own_id(entity, item) for item in items) >= _MIN_ITEMS


def several_records(entity: Entity, record: dict[str, Any]) -> str | None:
    """Return what an object is that holds several records, or None if it is one record.

    Args:
        entity: The entity.
        record: The object, by exact names of its fields.
    """
    if entity.own_id_field in record:
        return "an object that holds a column in each member" if _has_columns(entity, record) else None
    if any(isinstance(value, str) and several_in_text(entity, value) for value in record.values()):
        return "an object that holds an array as text"
    if not any(isinstance(value, dict | list) for value in record.values()):
        return None
    if _is_page(record) and not any(_is_listed(entity, key) for key in record):
        return _HOLDS
    return _HOLDS if any(_holds_own_id(entity, item) for item in _items(record)) else None


def _has_columns(entity: Entity, record: dict[str, Any]) -> bool:
    """Return whether all members are lists, or all are objects, of one length: tables that pandas writes."""
    kind = type(record[entity.own_id_field])
    if kind not in {list, dict} or any(type(value) is not kind for value in record.values()):
        return False
    lengths = {len(value) for value in record.values()}
    return len(record) > 1 and len(lengths) == 1 and lengths != {0}


def _is_page(record: dict[str, Any]) -> bool:
    """Return whether an object holds an array of objects or of arrays, or several objects and nothing else."""
    values = list(record.values())
    return any(_items_of(value) for value in values) or (
        len(values) > 1 and all(isinstance(value, dict) for value in values)
    )


def _is_listed(entity: Entity, key: str) -> bool:
    return key in entity.by_contract_name or key.startswith(CUSTOM_FIELD_PREFIX) or key == IGNORED_UPDATE_CFS_KEY


def _holds_own_id(entity: Entity, item: dict[str, Any]) -> bool:
    """Return whether an item, or an object within it, has the entity's own id."""
    return has_own_id(entity, item) or any(
        _holds_own_id(entity, inner) for inner in item.values() if isinstance(inner, dict)
    )


def _items(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects of all arrays in an object, and of objects in it that hold several objects alone."""
    for inner in value.values():
        if isinstance(inner, dict):
            if len(inner) > 1 and all(isinstance(item, dict) for item in inner.values()):
                yield from inner.values()
            yield from _items(inner)
        else:
            yield from (item for item in _items_of(inner) if isinstance(item, dict))


def _items_of(value: Any) -> list[Any]:
    """Return the items of an array of objects or of arrays, else nothing."""
    if not isinstance(value, list):
        return []
    are_all = all(isinstance(item, dict) for item in value) or all(isinstance(item, list) for item in value)
    return value if are_all else []

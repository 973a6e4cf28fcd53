"""Near misses: unknown keys that look like a field which the records lack."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import fold_key, named_field
from cdp_etl.contract.naming import looks_like_field_name
from cdp_etl.normalize.counts import RecordCounts
from cdp_etl.normalize.reference_path import CUSTOM_FIELD_PREFIX

_MIN_SIMILARITY: Final = 0.8
"""Similarity of `timezone` and `timezoneGmt` is 0.84, that of `customer` and `customerPhone` 0.76."""
_MAX_NAMED: Final = 20


def near_misses(entity: Entity, counts: RecordCounts) -> tuple[str, ...]:
    """Return a finding for each unknown key that is nearly the name of a field absent from as many records."""
    return tuple(_found(entity, counts))[:_MAX_NAMED]


def _found(entity: Entity, counts: RecordCounts) -> Iterator[str]:
    fields = {fold_key(field.contract_name): field for field in entity.fields}
    for key, count in counts.unknown_keys.items():
        if not looks_like_field_name(key) or named_field(entity, key) is not None:
            continue
        folded = fold_key(key)
        if folded.startswith(CUSTOM_FIELD_PREFIX.lower()):
            yield f"the key `{key}` looks like custom fields, whose keys begin with `{CUSTOM_FIELD_PREFIX}`"
        for near in get_close_matches(folded, fields, 1, _MIN_SIMILARITY):
            is_absent = fields[near].default is not None or counts.nulls[fields[near].name] >= count
            if is_absent:
                yield f"the key `{key}` looks like the field `{fields[near].contract_name}`, and is not read as it"

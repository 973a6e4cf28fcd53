"""Merge of a record's versions into its current custom fields, as `ignoredUpdateCfs` requires.

A version replaces all fields, except the custom fields that it names in `ignoredUpdateCfs`: these keep their
earlier value. Merging is associative, so the split of versions over dumps has no effect (a property test checks
this). House rule: a group that is not an object has no fields to keep. In a version that names ignored fields,
such a group is dropped, unless that version is the first (decision 0034).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from cdp_etl.contract import strict_json


@dataclass(frozen=True, slots=True)
class CustomFieldVersion:
    """Custom fields of one version, or of several merged ones.

    Attributes:
        custom_fields: The JSON column `custom_fields`; None if there are none.
        ignored: Names of fields that keep their earlier value if the record already exists.
        is_deleted: Whether this version deletes the record; the next version then counts as the first.
    """

    custom_fields: str | None
    ignored: frozenset[str]
    is_deleted: bool


def merge_versions(versions: Iterable[CustomFieldVersion]) -> CustomFieldVersion:
    """Merge versions, oldest first, into one.

    Raises:
        TypeError: If there are no versions.
    """
    return reduce(_apply, versions)


def _apply(before: CustomFieldVersion, version: CustomFieldVersion) -> CustomFieldVersion:
    if version.is_deleted or before.is_deleted or not version.ignored:
        return CustomFieldVersion(version.custom_fields, frozenset(), version.is_deleted)
    old = _only(before.custom_fields, version.ignored)
    new = _without(version.custom_fields, version.ignored)
    groups = {group: new.get(group, {}) | old.get(group, {}) for group in sorted(new.keys() | old.keys())}
    merged = {group: dict(sorted(fields.items())) for group, fields in groups.items() if fields}
    return CustomFieldVersion(
        strict_json.serialize(merged) if merged else None, before.ignored & version.ignored, is_deleted=False
    )


def _groups(custom_fields: str | None) -> dict[str, Any]:
    groups: dict[str, Any] = strict_json.parse(custom_fields) if custom_fields else {}
    return groups


def _only(custom_fields: str | None, names: frozenset[str]) -> dict[str, dict[str, Any]]:
    return {
        group: {name: value for name, value in fields.items() if name in names}
        for group, fields in _groups(custom_fields).items()
        if isinstance(fields, dict) and not names.isdisjoint(fields)
    }


def _without(custom_fields: str | None, names: frozenset[str]) -> dict[str, dict[str, Any]]:
    return {
        group: {name: value for name, value in fields.items() if name not in names}
        for group, fields in _groups(custom_fields).items()
        if isinstance(fields, dict)
    }

"""How `ignoredUpdateCfs` works: versions of one record folded into the custom fields that count (RULINGS 3).

A version replaces all fields, but the custom fields it names in its list keep the value they had. Folding is
associative, so it does not matter how versions are cut into dumps; a property test holds it to that. A group that
is no object has no fields to keep: of a version that names some it counts only where that is the first (house
rule).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from cdp_etl.contract import strict_json


@dataclass(frozen=True, slots=True)
class CustomFieldVersion:
    """What folding needs to know of one version, or of several that were folded.

    Attributes:
        custom_fields: The JSON column `custom_fields`; None where there are none.
        ignored: Names that keep the value they had, if the record existed before.
        is_deleted: Whether the record is gone with this version; the next one then counts as the first.
    """

    custom_fields: str | None
    ignored: frozenset[str]
    is_deleted: bool


def merge_versions(versions: Iterable[CustomFieldVersion]) -> CustomFieldVersion:
    """Fold versions, oldest first, into one that stands for all of them.

    Raises:
        TypeError: where there are none.
    """
    return reduce(_after, versions)


def _after(before: CustomFieldVersion, version: CustomFieldVersion) -> CustomFieldVersion:
    if version.is_deleted or before.is_deleted or not version.ignored:
        return CustomFieldVersion(version.custom_fields, frozenset(), version.is_deleted)
    kept = _only(before.custom_fields, version.ignored)
    changed = _without(version.custom_fields, version.ignored)
    merged = {
        group: changed.get(group, {}) | kept.get(group, {}) for group in sorted(changed.keys() | kept.keys())
    }
    folded = {group: dict(sorted(fields.items())) for group, fields in merged.items() if fields}
    return CustomFieldVersion(
        strict_json.serialize(folded) if folded else None, before.ignored & version.ignored, is_deleted=False
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

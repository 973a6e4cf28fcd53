"""Merge of a record's versions into its current custom fields."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.custom_field_merge import CustomFieldVersion, merge_versions

NAMES = ("a", "b", "c")
groups = st.dictionaries(
    st.sampled_from(["customFieldTexts", "customFieldLongs"]),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=3) | st.just("no object"),
    max_size=2,
)
versions = st.builds(
    CustomFieldVersion,
    groups.map(lambda custom: json.dumps(custom, separators=(",", ":")) if custom else None),
    st.frozensets(st.sampled_from(NAMES)),
    st.sampled_from([False, False, False, True]),
)


def version(texts: dict[str, str], *ignored: str, is_deleted: bool = False) -> CustomFieldVersion:
    custom = json.dumps({"customFieldTexts": texts}, separators=(",", ":")) if texts else None
    return CustomFieldVersion(custom, frozenset(ignored), is_deleted)


def test_a_version_replaces_all_custom_fields() -> None:
    assert merge_versions([version({"a": "1", "b": "1"}), version({"a": "2"})]) == version({"a": "2"})


def test_a_listed_custom_field_keeps_its_earlier_value() -> None:
    merged = merge_versions([version({"a": "1", "b": "1"}), version({"a": "2", "b": "2"}, "a")])

    assert merged.custom_fields == '{"customFieldTexts":{"a":"1","b":"2"}}'


def test_a_listed_custom_field_that_the_version_lacks_keeps_its_value_too() -> None:
    assert (
        merge_versions([version({"a": "1"}), version({}, "a")]).custom_fields == '{"customFieldTexts":{"a":"1"}}'
    )


def test_a_listed_custom_field_that_was_never_there_stays_absent() -> None:
    assert merge_versions([version({"b": "1"}), version({"a": "2", "b": "2"}, "a")]).custom_fields == (
        '{"customFieldTexts":{"b":"2"}}'
    )


def test_the_first_version_counts_completely() -> None:
    assert merge_versions([version({"a": "1"}, "a")]).custom_fields == '{"customFieldTexts":{"a":"1"}}'


def test_after_a_deleted_version_the_next_counts_as_first() -> None:
    merged = merge_versions([version({"a": "1"}), version({}, is_deleted=True), version({"a": "2"}, "a")])

    assert merged == version({"a": "2"})


def test_a_group_that_is_not_an_object_is_dropped_from_a_later_version_that_lists_names() -> None:
    """Otherwise the result would depend on the split into dumps."""
    not_an_object = CustomFieldVersion('{"customFieldTexts":"x"}', frozenset({"a"}), is_deleted=False)
    history = [version({}), version({"a": "1"}, "a"), not_an_object]

    assert merge_versions(history) == merge_versions([history[0], merge_versions(history[1:])]) == version({})
    assert merge_versions([not_an_object]) == not_an_object


def test_a_preserved_custom_field_replaces_a_group_that_is_not_an_object() -> None:
    """Otherwise the result would depend on the split into dumps. Found by hypothesis."""
    not_an_object = CustomFieldVersion('{"customFieldTexts":"x"}', frozenset({"a"}), is_deleted=False)
    history = [version({"a": "1"}), not_an_object, version({}, "a")]

    assert (
        merge_versions(history) == merge_versions([history[0], merge_versions(history[1:])]) == version({"a": "1"})
    )


def merge_step_by_step(history: list[CustomFieldVersion]) -> dict[str, object]:
    """Reference implementation: apply the rule of docs/records.md to a state, version by version."""
    state: dict[tuple[str, str], object] | None = None
    other_groups: dict[str, object] = {}
    for item in history:
        delivered = json.loads(item.custom_fields) if item.custom_fields else {}
        other_groups = {group: fields for group, fields in delivered.items() if not isinstance(fields, dict)}
        flat = {
            (group, name): value
            for group, fields in delivered.items()
            if isinstance(fields, dict)
            for name, value in fields.items()
        }
        if state is None or not item.ignored:
            state = flat
        else:
            other_groups = {}
            stored = {place: value for place, value in state.items() if place[1] in item.ignored}
            state = {place: value for place, value in flat.items() if place[1] not in item.ignored} | stored
        if item.is_deleted:
            state = None
            other_groups = {}
    result: dict[str, dict[str, object]] = {}
    for (group, name), value in (state or {}).items():
        result.setdefault(group, {})[name] = value
    return other_groups | result


@given(st.lists(versions, min_size=1, max_size=6))
def test_merging_equals_the_reference_implementation(history: list[CustomFieldVersion]) -> None:
    merged = merge_versions(history)

    if not merged.is_deleted:
        custom = json.loads(merged.custom_fields) if merged.custom_fields else {}
        assert {group: fields for group, fields in custom.items() if fields != {}} == merge_step_by_step(history)


@given(st.lists(versions, min_size=2, max_size=6), st.data())
def test_the_split_of_versions_into_dumps_does_not_matter(
    history: list[CustomFieldVersion], data: st.DataObject
) -> None:
    split = data.draw(st.integers(1, len(history) - 1))

    assert merge_versions([merge_versions(history[:split]), merge_versions(history[split:])]) == merge_versions(
        history
    )

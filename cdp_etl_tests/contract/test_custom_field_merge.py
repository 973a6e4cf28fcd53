"""How versions of one record fold into the custom fields that count (RULINGS 3)."""

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


def test_a_listed_custom_field_keeps_the_value_it_had() -> None:
    folded = merge_versions([version({"a": "1", "b": "1"}), version({"a": "2", "b": "2"}, "a")])

    assert folded.custom_fields == '{"customFieldTexts":{"a":"1","b":"2"}}'


def test_a_listed_custom_field_that_the_version_lacks_keeps_its_value_too() -> None:
    assert (
        merge_versions([version({"a": "1"}), version({}, "a")]).custom_fields == '{"customFieldTexts":{"a":"1"}}'
    )


def test_a_listed_custom_field_that_was_never_there_stays_absent() -> None:
    assert merge_versions([version({"b": "1"}), version({"a": "2", "b": "2"}, "a")]).custom_fields == (
        '{"customFieldTexts":{"b":"2"}}'
    )


def test_of_the_first_version_everything_counts() -> None:
    assert merge_versions([version({"a": "1"}, "a")]).custom_fields == '{"customFieldTexts":{"a":"1"}}'


def test_after_a_deleted_version_the_next_counts_as_first() -> None:
    folded = merge_versions([version({"a": "1"}), version({}, is_deleted=True), version({"a": "2"}, "a")])

    assert folded == version({"a": "2"})


def test_a_group_that_is_no_object_does_not_count_in_a_later_version_that_lists_names() -> None:
    """A kept field that an earlier version lacks would hide it in one cut of the dumps, and not in another."""
    no_object = CustomFieldVersion('{"customFieldTexts":"x"}', frozenset({"a"}), is_deleted=False)
    history = [version({}), version({"a": "1"}, "a"), no_object]

    assert merge_versions(history) == merge_versions([history[0], merge_versions(history[1:])]) == version({})
    assert merge_versions([no_object]) == no_object


def test_a_kept_custom_field_takes_the_place_of_a_group_that_is_no_object() -> None:
    """Otherwise how versions are cut into dumps would matter: hypothesis found it."""
    no_object = CustomFieldVersion('{"customFieldTexts":"x"}', frozenset({"a"}), is_deleted=False)
    history = [version({"a": "1"}), no_object, version({}, "a")]

    assert (
        merge_versions(history) == merge_versions([history[0], merge_versions(history[1:])]) == version({"a": "1"})
    )


def plain_fold(history: list[CustomFieldVersion]) -> dict[str, object]:
    """RULINGS 3 word by word, with the house rule: a state of custom fields, changed version by version."""
    state: dict[tuple[str, str], object] | None = None
    whole: dict[str, object] = {}
    for item in history:
        delivered = json.loads(item.custom_fields) if item.custom_fields else {}
        whole = {group: fields for group, fields in delivered.items() if not isinstance(fields, dict)}
        flat = {
            (group, name): value
            for group, fields in delivered.items()
            if isinstance(fields, dict)
            for name, value in fields.items()
        }
        if state is None or not item.ignored:
            state = flat
        else:
            whole = {}
            kept = {place: value for place, value in state.items() if place[1] in item.ignored}
            state = {place: value for place, value in flat.items() if place[1] not in item.ignored} | kept
        if item.is_deleted:
            state = None
            whole = {}
    result: dict[str, dict[str, object]] = {}
    for (group, name), value in (state or {}).items():
        result.setdefault(group, {})[name] = value
    return whole | result


@given(st.lists(versions, min_size=1, max_size=6))
def test_folding_is_the_ruling_word_by_word(history: list[CustomFieldVersion]) -> None:
    folded = merge_versions(history)

    if not folded.is_deleted:
        custom = json.loads(folded.custom_fields) if folded.custom_fields else {}
        assert {group: fields for group, fields in custom.items() if fields != {}} == plain_fold(history)


@given(st.lists(versions, min_size=2, max_size=6), st.data())
def test_how_versions_are_cut_into_dumps_does_not_matter(
    history: list[CustomFieldVersion], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(history) - 1))

    assert merge_versions([merge_versions(history[:cut]), merge_versions(history[cut:])]) == merge_versions(
        history
    )

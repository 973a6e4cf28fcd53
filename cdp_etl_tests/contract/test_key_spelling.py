"""Spellings of keys: which keys name a field of the contract."""

from typing import Any

import pytest

from cdp_etl.contract.key_spelling import fold_key, named_field, with_exact_names
from cdp_etl.entities import ENTITIES
from cdp_etl_tests.normalize.harness import COMMENT


@pytest.mark.parametrize(
    "key",
    [
        "timezone_gmt",
        "TimezoneGMT",
        "timezone-gmt",
        "timezone.gmt",
        "timezone gmt",
        "\ufefftimezoneGmt",
        "timezoneGmt\u00a0",
    ],
)
def test_case_separators_and_invisible_marks_do_not_change_the_field(key: str) -> None:
    assert named_field(COMMENT, key) == "timezoneGmt"


@pytest.mark.parametrize(
    "key", ["_commentId", "$commentId", " _comment_id", "\u200b$commentId", "", "note", "x" * 101]
)
def test_names_of_systems_and_other_words_name_no_field(key: str) -> None:
    assert named_field(COMMENT, key) is None


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_no_two_fields_of_an_entity_are_spelled_alike(entity: Any) -> None:
    assert len({fold_key(name) for name in entity.by_contract_name}) == len(entity.by_contract_name)


@pytest.mark.parametrize(
    ("record", "exact"),
    [
        pytest.param({"record_status": "Deleted"}, {"recordStatus": "Deleted"}, id="another spelling alone"),
        pytest.param(
            {"recordStatus": None, "record_status": "x"},
            {"recordStatus": None, "record_status": "x"},
            id="exact wins",
        ),
        pytest.param(
            {"RecordStatus": 1, "record_status": 2}, {"RecordStatus": 1, "recordStatus": 2}, id="the last one wins"
        ),
        pytest.param({"ignored_update_cfs": ["a"]}, {"ignoredUpdateCfs": ["a"]}, id="names of custom fields"),
    ],
)
def test_another_spelling_gives_the_field_unless_the_record_has_it(
    record: dict[str, Any], exact: dict[str, Any]
) -> None:
    assert with_exact_names(COMMENT, record) == exact

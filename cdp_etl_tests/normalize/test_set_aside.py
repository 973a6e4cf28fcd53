"""A bad value costs only itself where the record is worth more: tags, links to images, a deletion."""

import json
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import ENTITIES
from cdp_etl.normalize.reference_path import Accepted, Quarantined, validate_record
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, EMAIL, NOON_MS, REVIEW, comment, ndjson, normalize

CONTEXT = ValidationContext(NormalizationSettings(), DUMP_DATE)


def email(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "email": f"p{number}@example.com",
        "serviceProvider": "Brevo",
        "eventAt": NOON_MS,
        "event": "opened",
        "actionAt": NOON_MS,
    } | changes


@pytest.mark.parametrize("tags", [[{"name": "x"}], {"ses:configuration-set": ["x"]}, [["a"]], [True], 1.5])
def test_tags_of_another_shape_do_not_cost_the_event(tmp_path: Path, tags: Any) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(email(1, tags=tags, note="n"))}, entity=EMAIL)

    (row,) = outcome.accepted.iter_rows(named=True)
    assert row["tags"] is None
    assert json.loads(row["extra_fields"]) == {"tags": tags, "note": "n"}
    assert row["warnings"] == ["tags: wrong type"]
    assert outcome.dump.warning_counts == {"tags: wrong type": 1}
    assert outcome.dump.unknown_keys == {"note": 1}


def test_links_to_images_of_another_shape_do_not_cost_the_review() -> None:
    review = comment(1, reviewId="1", reviewedAt=NOON_MS, imageLinks={"url": "x"})

    validated = validate_record(REVIEW, review, CONTEXT)

    assert isinstance(validated, Accepted)
    assert validated.row["image_links"] is None
    assert validated.row["warnings"] == ["imageLinks: wrong type"]


def test_another_reason_still_quarantines_and_the_field_set_aside_is_none() -> None:
    validated = validate_record(EMAIL, email(1, tags={"a": 1}, eventAt="yesterday"), CONTEXT)

    assert validated == Quarantined(["eventAt: wrong type"])


@pytest.mark.parametrize("entity", ENTITIES, ids=[entity.name for entity in ENTITIES])
def test_a_deletion_needs_only_its_key_whatever_is_in_the_other_fields(entity: Entity) -> None:
    names = [*entity.by_contract_name, "ignoredUpdateCfs"]
    own_id = entity.model.fields[entity.own_id].contract_name
    bad = {name: {"not": ["a", 1.5]} for name in names if name not in entity.key_fields}
    record = bad | {own_id: "1", "systemName": "W", "recordStatus": "deleted"}

    validated = validate_record(entity, record, CONTEXT)

    assert isinstance(validated, Accepted)
    assert validated.row["record_status"] == "Deleted"
    assert json.loads(validated.row["extra_fields"]) == {name: bad[name] for name in bad if name != "recordStatus"}
    assert len(validated.row["warnings"]) == len(bad) - 1
    assert all(
        validated.row[field.name] is None
        for field in entity.fields
        if field.contract_name not in {own_id, "systemName", "recordStatus"}
    )


@pytest.mark.parametrize("field", ["commentId", "systemName", "internalCompanyId"])
def test_a_deletion_whose_key_cannot_be_read_is_quarantined(field: str) -> None:
    deletion = {"commentId": "1", "recordStatus": "Deleted", "commentedAt": "n/a"} | {field: ["x"]}

    assert validate_record(COMMENT, deletion, CONTEXT) == Quarantined([f"{field}: wrong type"])


def test_without_its_time_zone_no_timestamp_of_a_deletion_is_read() -> None:
    """Else the timestamp would be off by hours."""
    deletion = {"commentId": "1", "recordStatus": "Deleted", "commentedAt": NOON_MS, "timezoneGmt": "GMT+7"}

    validated = validate_record(COMMENT, deletion, CONTEXT)

    assert isinstance(validated, Accepted)
    assert validated.row["commented_at"] is None
    assert validated.row["warnings"] == ["commentedAt: not read without timezoneGmt", "timezoneGmt: wrong type"]
    assert json.loads(validated.row["extra_fields"]) == {"commentedAt": NOON_MS, "timezoneGmt": "GMT+7"}

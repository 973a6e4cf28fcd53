"""JSON files: an array or one API payload, read as a stream."""

import json
from pathlib import Path

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl_tests.normalize.harness import EMAIL, comment, ndjson, normalize

TWO = [comment(1), comment(2)]


@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "indented"])
@pytest.mark.parametrize("batch_bytes", [7, 1 << 16], ids=["read in blocks", "read at once"])
def test_each_element_of_an_array_is_a_record(tmp_path: Path, indent: int | None, batch_bytes: int) -> None:
    records = [*TWO, comment(3, content='a ]}, \\" b'), "no object", comment(5, content=None)]

    outcome = normalize(tmp_path, {"a.json": json.dumps(records, indent=indent).encode()}, batch_bytes=batch_bytes)

    assert outcome.accepted["source_position"].to_list() == [1, 2, 3]
    assert outcome.reasons == [["record: not an object"], ["content: required"]]
    assert outcome.quarantined["source_position"].to_list() == [4, 5]
    assert outcome.quarantined["raw"][0] == b'"no object"'


@pytest.mark.parametrize("content", [b"", b" \n", b"[]", b" [ \n ] ", b'{"entries": []}'])
def test_an_array_or_file_of_nothing_is_a_dump_of_nothing(tmp_path: Path, content: bytes) -> None:
    assert normalize(tmp_path, {"a.json": content}, batch_bytes=4).dump.records_read == 0


@pytest.mark.parametrize(
    ("content", "offset"),
    [
        pytest.param(b'[{"a":1},{"b":', 14, id="cut"),
        pytest.param(b'[{"a":1},]', 9, id="a trailing comma"),
        pytest.param(b'[{"a":1},,{"b":1}]', 9, id="an element missing"),
        pytest.param(b'[{"a":1} {"b":1}]', 9, id="no comma"),
        pytest.param(b'[{"a":1},{"b":oops}]', 14, id="no JSON in an element"),
        pytest.param(b'[{"a":1},{"b":NaN}]', 9, id="NaN"),
        pytest.param(b'[{"a":1}}', 8, id="another bracket"),
        pytest.param(b'[{"a":1}]\nx', 10, id="text after the end"),
        pytest.param(b'{"a":1}\nx', 8, id="text after an object"),
        pytest.param(b"12", 0, id="a number"),
        pytest.param("[]".encode("utf-32"), 0, id="UTF-32"),
        pytest.param('[{"a":"é"},x]'.encode(), 12, id="counted in bytes"),
    ],
)
def test_text_that_stops_being_json_is_fatal_and_names_the_offset(
    tmp_path: Path, content: bytes, offset: int
) -> None:
    with pytest.raises(DumpUnreadableError, match=rf"^a\.json, offset {offset}: not ") as error:
        normalize(tmp_path, {"a.json": content})

    assert error.value.offset == offset
    assert not [path for path in (tmp_path / "lake").rglob("*") if path.is_file()]


def test_an_element_that_is_not_utf_8_is_quarantined_since_its_bounds_are_known(tmp_path: Path) -> None:
    content = json.dumps(TWO).encode().replace(b'"KH1"', b'"\xe9"', 1)

    outcome = normalize(tmp_path, {"a.json": content})

    assert (outcome.dump.accepted, outcome.reasons) == (1, [["record: not UTF-8"]])


@pytest.mark.parametrize(
    "content", [json.dumps([comment(1, content="x" * 500)]).encode(), b'[{"a":"' + b"x" * 10_000]
)
def test_an_element_beyond_the_limit_is_fatal(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DumpUnreadableError, match=r"^a\.json, offset 1: an element longer than the limit of 500"):
        normalize(
            tmp_path, {"a.json": content}, settings=NormalizationSettings(max_record_bytes=500), batch_bytes=64
        )


PAYLOAD = {
    "requestId": 7,
    "entries": [comment(1, systemName=None), comment(2, systemName="App", ignoredUpdateCfs=["b"])],
    "source": "Gateway",
    "ignoredUpdateCfs": ["a"],
}


def assert_the_envelope_applies_to_both_entries(tmp_path: Path, name: str, content: bytes) -> None:
    outcome = normalize(tmp_path, {name: content}, batch_bytes=64)

    assert outcome.accepted["system_name"].to_list() == ["Gateway", "App"]
    assert outcome.accepted["ignored_update_cfs"].to_list() == [["a"], ["a", "b"]]


def test_an_envelope_applies_even_if_its_members_follow_the_entries(tmp_path: Path) -> None:
    assert_the_envelope_applies_to_both_entries(tmp_path, "a.json", json.dumps(PAYLOAD, indent=1).encode())


def test_a_line_of_ndjson_may_be_a_payload(tmp_path: Path) -> None:
    assert_the_envelope_applies_to_both_entries(tmp_path, "a.ndjson", ndjson(PAYLOAD))


def test_entries_of_a_line_have_its_position_and_their_own_bytes(tmp_path: Path) -> None:
    payload = {"entries": [comment(2), 5, comment(3, content=None)]}

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), payload, comment(4))})

    assert outcome.accepted.select("comment_id", "source_position").rows() == [("1", 1), ("2", 2), ("4", 3)]
    assert outcome.quarantined["source_position"].to_list() == [2, 2]
    assert outcome.quarantined["raw"].to_list() == [b"5", ndjson(comment(3, content=None)).strip()]


@pytest.mark.parametrize("object_type", ["sms-interaction", 5], ids=["another entity", "no text"])
@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_entries_of_another_entity_are_quarantined(tmp_path: Path, name: str, object_type: object) -> None:
    outcome = normalize(tmp_path, {name: ndjson({"objectType": object_type, "entries": TWO})})

    assert outcome.reasons == [["objectType: not this entity"]] * 2


@pytest.mark.parametrize("object_type", ["customer-product-comment", "CustomerProductComment", None])
def test_an_entity_may_be_spelled_as_systems_do(tmp_path: Path, object_type: str | None) -> None:
    outcome = normalize(tmp_path, {"a.json": ndjson({"objectType": object_type, "entries": TWO})})

    assert outcome.dump.accepted == 2


def test_members_of_the_envelope_are_validated_with_each_entry(tmp_path: Path) -> None:
    payload = {"source": 1.5, "ignoredUpdateCfs": {}, "entries": [comment(1, systemName=None)]}

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(payload)})

    assert outcome.reasons == [["systemName: wrong type", "ignoredUpdateCfs: wrong type"]]


def test_an_object_whose_entries_are_no_array_is_a_record_with_an_unknown_key(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, entries=5))})

    assert outcome.dump.unknown_keys == {"entries": 1}


def test_ignored_update_cfs_of_an_entity_without_them_is_a_warning(tmp_path: Path) -> None:
    record = {
        "id": "1",
        "email": "a@example.com",
        "serviceProvider": "Brevo",
        "eventAt": 1_772_366_400_000,
        "event": "opened",
        "actionAt": 1_772_366_400_000,
        "ignoredUpdateCfs": ["a"],
    }

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(record)}, entity=EMAIL)

    assert outcome.accepted["warnings"].to_list() == [["ignoredUpdateCfs: not supported by this entity"]]

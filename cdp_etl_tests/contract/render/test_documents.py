"""Documents generated from the entities, checked by independent validators."""

import json
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.render.ddl import create_table
from cdp_etl.contract.render.json_schema import json_schema
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import lake_columns, staging_columns
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.entities.docs import render_documents
from cdp_etl.normalize.reference_path import Accepted, validate_record

COMMITTED = Path(__file__).parents[3] / "docs" / "contract"
CONTEXT = ValidationContext(NormalizationSettings(), date(2026, 3, 1))
VALID_TIMESTAMP = 1_772_300_000_000

spellings = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 20),
    st.just(VALID_TIMESTAMP),
    st.sampled_from(
        ["", "  ", "x", "7", " 7.0 ", "1.5e3", "TRUE", "active", "Deleted", "2026-03-01T10:00", '["a"]']
    ),
    st.lists(st.sampled_from(["a", "b", 3, None]), max_size=2),
)


def test_the_committed_documents_are_current() -> None:
    committed = {path.name: path.read_text() for path in COMMITTED.iterdir() if path.is_file()}

    assert committed == render_documents()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_json_schema_is_valid_2020_12(entity: Entity) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(entity))


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_example_is_valid_by_the_schema_of_its_own_field(entity: Entity) -> None:
    properties = json_schema(entity)["properties"]
    examples = {name: example for name, rule in properties.items() for example in rule.get("examples", [])}

    assert {type(example) for example in examples.values()} >= {int, str}
    for name, example in examples.items():
        jsonschema.Draft202012Validator(properties[name]).validate(example)


@given(st.sampled_from(ENTITIES), st.data())
def test_records_that_the_reference_path_accepts_are_valid_by_the_json_schema(
    entity: Entity, data: st.DataObject
) -> None:
    good = {"timezoneGmt": 7, "recordStatus": "Active", "status": "subscribed", entity.own_id_field: "1"}
    record: dict[str, Any] = {
        field.contract_name: good.get(field.contract_name, VALID_TIMESTAMP if field in entity.timestamps else "5")
        for field in entity.fields
        if field.is_required or field.column.is_contact or field.contract_name in good
    }
    for field in data.draw(st.lists(st.sampled_from(entity.fields), max_size=3)):
        record[field.contract_name] = data.draw(spellings)

    found = validate_record(entity, record, CONTEXT)
    if isinstance(found, Accepted):
        # A value that is set aside with a warning is not one to send, so the schema refuses it.
        set_aside = entity.fields_set_aside & json.loads(found.row["extra_fields"] or "{}").keys()
        sent = {name: value for name, value in record.items() if name not in set_aside}
        jsonschema.Draft202012Validator(json_schema(entity)).validate(sent)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"content": None}, "content", id="a required field is null"),
        pytest.param({"rating": "7.5"}, "rating", id="a fraction instead of an integer"),
        pytest.param({"recordStatus": "gone"}, "recordStatus", id="a value outside the vocabulary"),
        pytest.param({"customerPhone": None, "customerEmail": " "}, "", id="no contact at all"),
    ],
)
def test_the_json_schema_rejects_violations_of_the_contract(change: dict[str, Any], fault: str) -> None:
    review = BY_NAME["customer-product-review"]
    record = {field.contract_name: "5" for field in review.fields if field.is_required} | {"customerPhone": "1"}

    errors = list(jsonschema.Draft202012Validator(json_schema(review)).iter_errors(record | change))

    assert [".".join(map(str, error.absolute_path)) for error in errors] == [fault]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_data_contract_is_valid_odcs(entity: Entity) -> None:
    standard = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    document = yaml.safe_load(render_documents()[f"{entity.table}.odcs.yaml"])

    jsonschema.Draft201909Validator(standard).validate(document)

    assert [column["name"] for column in document["schema"][0]["properties"]] == [
        column.name for column in staging_columns(entity)
    ]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_ddl_creates_a_commented_table_for_the_polars_frame(entity: Entity) -> None:
    frame = pl.DataFrame(schema=polars_schema(lake_columns(entity)))
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA staging")
        for statement in create_table("staging", entity.table, lake_columns(entity), entity.description):
            connection.execute(statement)

        connection.execute(f"INSERT INTO staging.{entity.table} BY NAME SELECT * FROM frame")
        comments = connection.sql(
            "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()

    assert frame.columns == [column.name for column in lake_columns(entity)]
    assert comments == [(column.name, column.description) for column in lake_columns(entity)]


def test_a_timestamp_of_the_last_allowed_day_is_in_range_and_the_next_midnight_is_not() -> None:
    comment = BY_NAME["customer-product-comment"]
    record = {field.contract_name: "5" for field in comment.fields if field.is_required} | {"customerPhone": "1"}
    last_day = CONTEXT.dump_date + timedelta(days=2)

    in_range = validate_record(comment, record | {"commentedAt": f"{last_day}T23:59:59.999Z"}, CONTEXT)
    too_late = validate_record(
        comment, record | {"commentedAt": f"{last_day + timedelta(days=1)}T00:00:00Z"}, CONTEXT
    )

    assert isinstance(in_range, Accepted)
    assert too_late.reasons == ["commentedAt: out of range"]  # type: ignore[union-attr] # asserted by its value

"""Documents of the marts: up to date, valid ODCS, and consistent with the tables."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cdp_etl.defs.assets.column_schema import column_schema
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.docs.pages import render_mart_documents
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record

_PAGES = Path(__file__).parents[3] / "docs" / "contract" / "marts"

each_mart = pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    return render_mart_documents()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    loader = Loader(tmp_path_factory.mktemp("loaded"))
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("c:1", "e:a"))])
    refresh_marts(loader.warehouse, loader.settings)
    return loader


def _contract(documents: dict[str, str], mart: Mart) -> dict[str, Any]:
    contract: dict[str, Any] = yaml.safe_load(documents[f"marts/{mart.name}.odcs.yaml"])
    return contract


def test_the_committed_documents_are_up_to_date(
    documents: dict[str, str],
) -> None:
    committed = {f"marts/{page.name}": page.read_text(encoding="utf-8") for page in _PAGES.iterdir()}

    assert committed == documents


@each_mart
def test_the_contract_of_a_mart_is_valid_odcs(documents: dict[str, str], mart: Mart) -> None:
    standard = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())

    errors = [
        error.message
        for error in jsonschema.Draft201909Validator(standard).iter_errors(_contract(documents, mart))
    ]

    assert errors == []


@each_mart
def test_table_contract_and_column_schema_agree(documents: dict[str, str], loaded: Loader, mart: Mart) -> None:
    (schema,) = _contract(documents, mart)["schema"]
    columns = (
        "SELECT column_name, data_type, comment, is_nullable FROM duckdb_columns()"
        f" WHERE schema_name = '{{}}' AND table_name = '{mart.name}' ORDER BY column_index"
    )
    created = loaded.rows(columns.format("marts"))
    is_nullable = {row["column_name"]: row["is_nullable"] for row in loaded.rows(columns.format("mart_storage"))}

    expected = [(one["name"], one["description"], not one["required"]) for one in schema["properties"]]
    in_dagster = [
        (column.name, column.description, column.constraints.nullable)
        for column in column_schema(mart.columns).columns
    ]
    assert expected == in_dagster
    assert [(row["column_name"], row["comment"]) for row in created] == [
        (name, description) for name, description, _ in expected
    ]
    assert {name: is_nullable.get(name, False) for name, _, _ in expected} == {
        name: null for name, _, null in expected
    }
    types = loaded.rows(
        "SELECT "
        + ", ".join(f'typeof(NULL::{one["physicalType"]}) AS "{one["name"]}"' for one in schema["properties"])
    )
    assert [row["data_type"].replace('"', "") for row in created] == [
        name.replace('"', "") for name in types[0].values()
    ]
    key = sorted((one["primaryKeyPosition"], one["name"]) for one in schema["properties"] if one.get("primaryKey"))
    assert tuple(name for _, name in key) == mart.grain


@each_mart
def test_the_rules_of_the_contract_are_the_checks_and_pass(
    documents: dict[str, str], loaded: Loader, mart: Mart
) -> None:
    (schema,) = _contract(documents, mart)["schema"]

    assert [rule["name"] for rule in schema["quality"]] == [one.name for one in checks_of(mart)]
    queries = [rule for rule in schema["quality"] if rule["type"] == "sql"]
    assert queries
    assert [list(loaded.rows(rule["query"])[0].values()) for rule in queries] == [
        [rule["mustBe"]] for rule in queries
    ]

"""One dump of each entity in the dialects of partners: all give the same rows of staging.

The folder `cdp_etl_tests/dialects` has each dump as NDJSON, and as Parquet that pandas 2 and Spark 4.2 wrote
from it (`read.json`, `write.parquet`). The other dialects are written here from the NDJSON.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl_tests.normalize.harness import normalize

FOLDER = Path(__file__).parents[1] / "dialects"
_OF_THE_FILE = ("source_file", "source_position", "extra_fields", "custom_fields")
"""Columns that differ with the file, or are compared as parsed JSON."""


def records(entity: Entity) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{entity.name}.ndjson").read_text().splitlines()]


def as_csv(entity: Entity, delimiter: str) -> str:
    rows = records(entity)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), delimiter=delimiter)
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else str(value)


def as_parquet_of_polars(entity: Entity) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(records(entity), infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


def as_parquet_of_duckdb(entity: Entity, folder: Path) -> bytes:
    path = folder / "duckdb.parquet"
    duckdb.sql(f"COPY (FROM read_json('{FOLDER / entity.name}.ndjson')) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def lines(entity: Entity) -> str:
    return (FOLDER / f"{entity.name}.ndjson").read_text()


DIALECTS: dict[str, Callable[[Entity, Path], tuple[str, bytes]]] = {
    "comma": lambda entity, _: ("a.csv", as_csv(entity, ",").encode()),
    "semicolon with a byte order mark": lambda entity, _: ("a.csv", as_csv(entity, ";").encode("utf-8-sig")),
    "tab": lambda entity, _: ("a.csv", as_csv(entity, "\t").encode()),
    "UTF-16": lambda entity, _: ("a.csv", as_csv(entity, "\t").encode("utf-16")),
    "NDJSON named .json": lambda entity, _: ("a.json", lines(entity).encode()),
    "snake case": lambda entity, _: ("a.ndjson", _in_snake_case(entity)),
    "glued JSON": lambda entity, _: ("a.ndjson", lines(entity).replace("\n", "").encode()),
    "an array": lambda entity, _: ("a.json", json.dumps(records(entity)).encode()),
    "Parquet of polars": lambda entity, _: ("a.parquet", as_parquet_of_polars(entity)),
    "Parquet of DuckDB": lambda entity, folder: ("a.parquet", as_parquet_of_duckdb(entity, folder)),
    "Parquet of pandas": lambda entity, _: ("a.parquet", (FOLDER / f"{entity.name}.pandas.parquet").read_bytes()),
    "Parquet of Spark": lambda entity, _: ("a.parquet", (FOLDER / f"{entity.name}.spark.parquet").read_bytes()),
}


def _in_snake_case(entity: Entity) -> bytes:
    names = {field.contract_name: field.name for field in entity.fields}
    rows = ({names.get(key, key): value for key, value in row.items()} for row in records(entity))
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("expected")
    return {
        entity.name: normalize(folder / entity.name, {"a.ndjson": lines(entity).encode()}, entity=entity).accepted
        for entity in ENTITIES
    }


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_of_a_dump_gives_the_same_rows(
    tmp_path: Path, entity: Entity, dialect: str, expected: dict[str, pl.DataFrame]
) -> None:
    name, content = DIALECTS[dialect](entity, tmp_path)

    outcome = normalize(tmp_path, {name: content}, entity=entity)

    rows = expected[entity.name]
    assert (outcome.dump.accepted, outcome.dump.quarantined) == (len(rows), 0)
    assert outcome.dump.records_read == len(records(entity))
    assert_frame_equal(outcome.accepted.drop(_OF_THE_FILE), rows.drop(_OF_THE_FILE))
    for column in ("extra_fields", "custom_fields"):
        assert _parsed(outcome.accepted[column]) == _parsed(rows[column])


def _parsed(texts: pl.Series) -> list[Any]:
    return [None if text is None else json.loads(text) for text in texts]

"""One dump of each entity in the dialects of partners: all give the same rows of staging.

The folder `cdp_etl_tests/dialects` has each dump as NDJSON, and as Parquet that pandas 2 and Spark 4.2 wrote
from it (`read.json`, `write.parquet`). The other dialects are written here from the NDJSON. An entity without a
dump in the folder is left out: a dialect depends on the types of the fields, which are those of the others.
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

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import Warehouse, load_dump
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.normalize.harness import normalize
from cdp_etl_tests.warehouse.conftest import empty_warehouse
from cdp_etl_tests.warehouse.dumps import File

FOLDER = Path(__file__).parents[1] / "dialects"
DELIVERED = [entity for entity in ENTITIES if (FOLDER / f"{entity.name}.ndjson").exists()]


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
    "tab named .tsv": lambda entity, _: ("a.tsv", as_csv(entity, "\t").encode()),
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


def _load(warehouse: Warehouse, folder: Path, dialect: Callable[[Entity, Path], tuple[str, bytes]]) -> None:
    """Normalize and load the dump of each entity in a dialect."""
    for entity in DELIVERED:
        name, content = dialect(entity, folder)
        dump = normalize(folder / entity.name, {name: content}, entity=entity).dump
        files = [File(file.path, file.bytes, file.sha256) for file in dump.files]
        load = load_dump(warehouse, entity, dump, files, max_quarantine_rate=0, force=False, run_id=None)
        assert (load.status, load.records_read) == ("loaded", len(records(entity)))


def _staging(warehouse: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables of the schema `staging`, with JSON parsed."""
    with warehouse.reading() as connection:
        tables = connection.sql("FROM duckdb_tables() SELECT table_name WHERE schema_name = 'staging'").fetchall()
        return {table: _rows(connection.sql(f"FROM staging.{table}").pl()) for (table,) in tables}


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows without the names of files, in an order that does not depend on how JSON is written."""
    rows = [
        {name: _parsed(name, value) for name, value in row.items() if not name.endswith("_file")}
        for row in frame.iter_rows(named=True)
    ]
    return sorted(rows, key=repr)


def _parsed(name: str, value: Any) -> Any:
    """Return parsed JSON with its keys sorted, any other value as it is."""
    is_json = name.endswith(("custom_fields", "extra_fields")) and value is not None
    return json.loads(json.dumps(json.loads(value), sort_keys=True)) if is_json else value


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, template_folder: Template
) -> dict[str, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("expected")
    warehouse = empty_warehouse(folder, template_folder)
    _load(warehouse, folder, lambda entity, _: ("a.ndjson", lines(entity).encode()))
    return _staging(warehouse)


@pytest.mark.full
@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_of_the_dumps_gives_the_same_rows_of_staging(
    tmp_path: Path, template_folder: Template, dialect: str, expected: dict[str, list[dict[str, Any]]]
) -> None:
    warehouse = empty_warehouse(tmp_path, template_folder)

    _load(warehouse, tmp_path, DIALECTS[dialect])

    assert [table for table in ("superseded", "consent_statement", "event_word") if not expected[table]] == []
    assert _staging(warehouse) == expected

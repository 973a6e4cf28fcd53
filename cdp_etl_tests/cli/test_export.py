"""`cdp-etl export` writes the published marts as files of other programs."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_etl.cli import xlsx_rows
from cdp_etl.cli.xlsx_rows import SheetLimitError, write_xlsx
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl_tests.cli.conftest import Command

NAMES = {mart.name for mart in PUBLISHED}
DATABASE = Path("data/published/cdp.duckdb")


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_mart_is_a_parquet_file_with_the_rows_of_the_snapshot(loaded: Command) -> None:
    ended = loaded("export", "--to", "monday")

    assert ended.code == 0
    assert {path.stem for path in Path("monday").iterdir()} == NAMES
    assert {path.stat().st_mode & 0o777 for path in Path("monday").iterdir()} == {0o600}
    for name in NAMES:
        exported = pq.read_table(f"monday/{name}.parquet").num_rows
        assert [(exported,)] == rows(DATABASE, f"SELECT count(*) FROM marts.{name}"), name


def test_a_database_has_the_rows_views_and_comments_of_the_snapshot(loaded: Command) -> None:
    ended = loaded("export", "--to", "monday", "--format", "duckdb")

    assert (ended.code, ended.out) == (0, "monday: cdp.duckdb.\n")
    assert [path.name for path in Path("monday").iterdir()] == ["cdp.duckdb"]
    catalogue = (
        "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() ORDER BY ALL"
    )
    for query in ("SHOW TABLES", catalogue, *(f"FROM marts.{name} ORDER BY ALL" for name in sorted(NAMES))):
        assert rows(Path("monday/cdp.duckdb"), query) == rows(DATABASE, query)


def test_only_named_marts_are_exported_and_no_file_is_replaced(loaded: Command) -> None:
    export = ("export", "--to", "monday", "--format", "csv", "--mart", "product", "--mart", "campaign_daily")

    first, again = loaded(*export), loaded(*export)

    assert first.code == 0
    assert {path.name for path in Path("monday").iterdir()} == {"product.csv", "campaign_daily.csv"}
    with Path("monday/product.csv").open(encoding="utf-8") as file:
        assert [(len(list(csv.DictReader(file))),)] == rows(DATABASE, "SELECT count(*) FROM marts.product")
    assert (again.code, "product.csv exists" in again.err) == (1, True)


def test_an_unknown_mart_is_wrong_usage(loaded: Command) -> None:
    ended = loaded("export", "--to", "monday", "--mart", "products")

    assert ended.code == 2
    assert "no published mart is named products" in " ".join(ended.err.replace("│", " ").split())
    assert not Path("monday").exists()


def test_a_mart_that_does_not_fit_into_a_sheet_is_refused_before_anything_is_written(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_rows, "MAX_ROWS", 3)

    ended = loaded("export", "--to", "monday", "--format", "xlsx")

    assert ended.code == 1
    assert "has more than the 3 rows" in ended.err
    assert list(Path("monday").iterdir()) == []


def test_a_workbook_has_texts_numbers_and_timestamps_that_no_spreadsheet_alters(tmp_path: Path) -> None:
    values = {
        "formula": "=1+1",
        "number": 12,
        "long_number": 12345678901234567,
        "amount": Decimal("1.2500"),
        "is_new": True,
        "on_date": date(2026, 3, 1),
        "occurred_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "before_1900": date(1899, 1, 1),
        "names": ["a", "b"],
        "nothing": None,
    }
    table = pa.table({name: [value] for name, value in values.items()})

    assert write_xlsx(table.schema, [tuple(values.values())], tmp_path / "rows.xlsx") == 1

    with ZipFile(tmp_path / "rows.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert '<c r="A2" t="inlineStr"><is><t>=1+1</t></is></c>' in sheet
    assert '<c r="B2"><v>12</v></c>' in sheet
    assert "<t>12345678901234567</t>" in sheet
    assert '<c r="D2"><v>1.25</v></c>' in sheet
    assert '<c r="E2" t="b"><v>1</v></c>' in sheet
    assert "<t>occurred_at (UTC)</t>" in sheet
    assert "<v>46082.5</v>" in sheet
    assert "<t>1899-01-01</t>" in sheet
    assert '<t>["a", "b"]</t>' in sheet
    assert 'r="J2"' not in sheet


def test_a_text_that_is_too_long_for_a_cell_is_refused_without_showing_it(tmp_path: Path) -> None:
    table = pa.table({"note": ["x" * 32_768]})

    with pytest.raises(SheetLimitError, match=r"Row 1 has a text of 32,768 characters in note"):
        write_xlsx(table.schema, [("x" * 32_768,)], tmp_path / "rows.xlsx")

    assert [path.name for path in tmp_path.iterdir()] == ["rows.xlsx"]

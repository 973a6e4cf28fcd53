"""Storage of a mart: its comments follow the descriptions without a rebuild."""

from dataclasses import replace
from pathlib import Path

from cdp_etl.marts.engine import storage
from cdp_etl.marts.registry import mart_named
from cdp_etl_tests.warehouse.conftest import at

COMMENTS = """
    SELECT DISTINCT comment FROM duckdb_columns()
    WHERE table_name IN ('product', 'product_tombstones') AND column_name = 'company_id'
"""


def test_a_changed_description_is_written_to_tables_and_view(tmp_path: Path) -> None:
    mart = mart_named("product")
    first, *others = mart.columns
    described = replace(mart, columns=(replace(first, description="Another text."), *others))
    with at(tmp_path / "cdp.duckdb").writing() as connection:
        storage.update_comments(connection, mart)
        assert not storage.exist(connection, mart)

        storage.create(connection, mart)
        storage.update_comments(connection, described)

        assert connection.execute(COMMENTS).fetchall() == [("Another text.",)]

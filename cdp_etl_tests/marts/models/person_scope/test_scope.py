"""SQL files of the person scope: each is used, has a header, and reads what the header lists."""

import re
from pathlib import Path
from string import Template

import pytest
from sqlglot import expressions, parse_one

import cdp_etl.marts.models.person_scope as package
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT

_FOLDER = Path(package.__file__).parent
_FILES = sorted(_FOLDER.glob("*.sql"))
_SCOPE = CUSTOMER_PRODUCT.refresh_scope
_HEADER = re.compile(
    r"-- [A-Z].*\.\n(?:--   .*\n)*"
    r"-- Grain: (?P<grain>.+)\n"
    r"-- Inputs: (?P<inputs>.+)\n"
    r"(?:-- Mind: .*\n)?(?:--   .*\n)*"
)
_VALUES = {"mart": "customer_product", "daily_mart": "customer_product_daily"}

each_file = pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)


@each_file
def test_every_file_is_a_table_of_the_scope(path: Path) -> None:
    assert _SCOPE is not None
    assert path.stem in _SCOPE.tables


@each_file
def test_the_header_lists_the_tables_that_the_statement_reads(path: Path) -> None:
    assert _SCOPE is not None
    header = _HEADER.match(path.read_text(encoding="utf-8"))
    assert header is not None
    listed = {name.strip() for name in Template(header["inputs"]).safe_substitute(_VALUES).split(",")}

    tree = parse_one(_SCOPE.tables[path.stem], dialect="duckdb")
    own = {cte.alias for cte in tree.find_all(expressions.CTE)} - set(_SCOPE.tables)
    keys = {"reassigned_identifier", "unmoved_rows", "full_recompute_rows"}  # of lookups, which are placeholders
    read = {table.name for table in tree.find_all(expressions.Table)} - own

    assert listed <= read
    assert read - listed <= keys | {"pending"}

"""Warehouses for the tests of the report: an empty one for each test, and the worked example, built once."""

from datetime import date
from pathlib import Path

import pytest

from cdp_etl_tests.report.days import ReportWarehouse, fill_fortnight


@pytest.fixture
def report_warehouse(tmp_path: Path) -> ReportWarehouse:
    return ReportWarehouse(tmp_path)


@pytest.fixture(scope="session")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportWarehouse, date]:
    """Return the worked example and the dump date to report on. Tests must not write to it."""
    report_warehouse = ReportWarehouse(tmp_path_factory.mktemp("fortnight"))
    return report_warehouse, fill_fortnight(report_warehouse)

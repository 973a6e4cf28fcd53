"""Warehouses for the tests of the report: an empty one for each test, and the worked example, built once."""

from datetime import date
from pathlib import Path

import pytest

from cdp_etl_tests.conftest import Template
from cdp_etl_tests.marts.loading import day
from cdp_etl_tests.report.days import LAST, ReportWarehouse, fill_fortnight


@pytest.fixture
def report_warehouse(tmp_path: Path) -> ReportWarehouse:
    return ReportWarehouse(tmp_path)


@pytest.fixture(scope="session")
def fortnight(template_folder: Template) -> tuple[ReportWarehouse, date]:
    """Return the worked example and the dump date to report on. Tests must not write to it."""
    folder = template_folder("fortnight", lambda folder: fill_fortnight(ReportWarehouse(folder)))
    return ReportWarehouse(folder), day(LAST)

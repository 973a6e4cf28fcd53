"""Shops for the tests of the report: an empty one for each test, and the worked example, made once."""

from datetime import date
from pathlib import Path

import pytest

from cdp_etl_tests.report.days import Shop, fill_fortnight


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture(scope="session")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, date]:
    """Give a shop with the worked example, and the day to report on; not to be written to."""
    shop = Shop(tmp_path_factory.mktemp("fortnight"))
    return shop, fill_fortnight(shop)

"""Fixture of the marts' tests: a warehouse per test."""

from pathlib import Path

import pytest

from cdp_etl_tests.marts.loading import Loader


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)

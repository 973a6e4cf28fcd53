"""What the tests of the marts share: a warehouse of their own."""

from pathlib import Path

import pytest

from cdp_etl_tests.marts.loading import Loader


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)

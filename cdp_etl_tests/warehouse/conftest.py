"""A fresh, migrated warehouse for each test, copied from one that is made once."""

import shutil
from pathlib import Path

import pytest

from cdp_etl.warehouse import Warehouse


def at(path: Path) -> Warehouse:
    """Give a small warehouse at a place."""
    return Warehouse(path, lock_timeout_seconds=20.0, memory_limit="512MiB", threads=1, business_timezone="UTC")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated, empty warehouse file, for copying."""
    path = tmp_path_factory.mktemp("migrated") / "cdp.duckdb"
    with at(path).writing():
        return path


@pytest.fixture
def warehouse(tmp_path: Path, migrated: Path) -> Warehouse:
    """Give a migrated, empty warehouse of the test's own."""
    path = tmp_path / "warehouse" / "cdp.duckdb"
    path.parent.mkdir()
    shutil.copy(migrated, path)
    return at(path)

"""Fixtures of the warehouse tests: a migrated, empty warehouse per test, copied from a template."""

import shutil
from pathlib import Path

import pytest

from cdp_etl.warehouse import Warehouse


def at(path: Path) -> Warehouse:
    """Return a warehouse with small limits at a path."""
    return Warehouse(path, lock_timeout_seconds=20.0, memory_limit="512MiB", threads=1, business_timezone="UTC")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the template: a migrated, empty warehouse file."""
    path = tmp_path_factory.mktemp("migrated") / "cdp.duckdb"
    with at(path).writing():
        return path


@pytest.fixture
def warehouse(tmp_path: Path, migrated: Path) -> Warehouse:
    """Return a migrated, empty warehouse for one test."""
    path = tmp_path / "warehouse" / "cdp.duckdb"
    path.parent.mkdir()
    shutil.copy(migrated, path)
    return at(path)

"""Fixtures of the warehouse tests: a migrated, empty warehouse per test, copied from a template."""

import shutil
from pathlib import Path

import pytest

from cdp_etl.warehouse import Warehouse
from cdp_etl_tests.conftest import Template


def at(path: Path) -> Warehouse:
    """Return a warehouse with small limits at a path."""
    return Warehouse(path, lock_timeout_seconds=20.0, memory_limit="512MiB", threads=1, business_timezone="UTC")


@pytest.fixture
def warehouse(tmp_path: Path, template_folder: Template) -> Warehouse:
    """Return a migrated, empty warehouse for one test."""
    return empty_warehouse(tmp_path, template_folder)


def empty_warehouse(folder: Path, template_folder: Template) -> Warehouse:
    """Return a migrated, empty warehouse in a folder of another fixture."""
    path = folder / "warehouse" / "cdp.duckdb"
    path.parent.mkdir()
    shutil.copy(template_folder("warehouse", _write_once) / "cdp.duckdb", path)
    return at(path)


def _write_once(folder: Path) -> None:
    with at(folder / "cdp.duckdb").writing():
        pass

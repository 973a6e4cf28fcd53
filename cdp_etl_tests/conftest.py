"""Shared by all tests: the profile of Hypothesis, and templates that are built once and copied."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from cdp_etl.warehouse import Warehouse
from cdp_etl_tests.examples import register_profiles

register_profiles()

Template = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Set a usual umask for each test, because entry points set another one for their process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of a test run share."""
    own = tmp_path_factory.getbasetemp()
    # Processes of pytest-xdist have their own folders in one folder of the run.
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def template_folder(shared_folder: Path) -> Template:
    """Return a function that fills a folder once for all processes of a run. Tests copy it and never change it."""

    def built_once(name: str, fill: Callable[[Path], None]) -> Path:
        folder = shared_folder / f"template-{name}"
        complete = shared_folder / f"template-{name}.complete"
        with FileLock(shared_folder / f"template-{name}.lock"):
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)  # in its place, because a published snapshot may have absolute paths
                complete.touch()
        return folder

    return built_once


@pytest.fixture(scope="session", autouse=True)
def _new_warehouses_are_copies(template_folder: Template) -> Iterator[None]:
    """Copy a migrated, empty file wherever a test would create a warehouse, because migrations cost half a second.

    Tests of migrations and of opening use `new_warehouses_are_migrated` instead.
    """
    connect = _CONNECT

    def connect_to_copy(warehouse: Warehouse, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        if not read_only and not warehouse.path.exists():
            shutil.copyfile(template_folder("migrated", _migrate) / "cdp.duckdb", warehouse.path)
        return connect(warehouse, read_only=read_only)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_connect", connect_to_copy)
        yield


@pytest.fixture
def new_warehouses_are_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Create and migrate a new warehouse as in production."""
    monkeypatch.setattr(Warehouse, "_connect", _CONNECT)


_CONNECT = Warehouse._connect  # noqa: SLF001 - the one place where every new file is created


def _migrate(folder: Path) -> None:
    """Migrate a new file. It has no business time zone yet: the first test that writes stores its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_connect", _CONNECT)
        warehouse = Warehouse(folder / "cdp.duckdb", 60.0, "512MiB", threads=1, business_timezone="UTC")
        with warehouse.writing(any_timezone=True):
            pass

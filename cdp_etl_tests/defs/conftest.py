"""Fixtures: a pipeline in a temporary folder with its own Dagster instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import Pipeline


def settings_of(folder: Path) -> Settings:
    """Return settings with small limits and the data in a folder."""
    return Settings(data=folder / "data", memory_limit="500MiB", threads=1, lock_timeout_seconds=5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path / "instance")) as created:
        yield created


@pytest.fixture
def pipeline(settings: Settings, instance: dg.DagsterInstance) -> Pipeline:
    return Pipeline(settings, instance)

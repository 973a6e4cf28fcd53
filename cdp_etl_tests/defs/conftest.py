"""A pipeline in a temporary folder: settings, a Dagster instance of its own, and dumps to load."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import Pipe


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", memory_limit="500MiB", threads=1, lock_timeout_seconds=5)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path / "instance")) as made:
        yield made


@pytest.fixture
def pipe(settings: Settings, instance: dg.DagsterInstance) -> Pipe:
    return Pipe(settings, instance)

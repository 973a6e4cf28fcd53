"""A pipeline in a temporary folder."""

from pathlib import Path

import pytest

from cdp_etl.settings import Settings
from cdp_etl_tests.pipeline.dumps import DumpPipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> DumpPipeline:
    (tmp_path / "data" / "landing").mkdir(parents=True)
    return DumpPipeline(
        Settings(data=tmp_path / "data", memory_limit="500MiB", threads=1, lock_timeout_seconds=1, keep_days=30)
    )

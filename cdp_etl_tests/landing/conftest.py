"""Fixtures that the landing tests share."""

from pathlib import Path

import pytest

from cdp_etl_tests.landing.delivering import FolderPartner


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def folder(tmp_path: Path) -> FolderPartner:
    (tmp_path / "landing").mkdir()
    return FolderPartner(tmp_path / "landing")

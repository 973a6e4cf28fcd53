"""Fixtures of the marts' tests: an empty warehouse per test, and one with published marts."""

import shutil
from pathlib import Path

import pytest

from cdp_etl_tests.conftest import Template
from cdp_etl_tests.marts.loading import Loader
from cdp_etl_tests.marts.published import fill


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


@pytest.fixture
def published(loader: Loader, template_folder: Template) -> Loader:
    """Published marts of a customer with a product, an e-mail and a review."""
    shutil.copytree(template_folder("published", fill), loader.folder, dirs_exist_ok=True)
    return loader

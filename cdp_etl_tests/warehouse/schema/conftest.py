"""The tests of migrations migrate every file themselves."""

import pytest


@pytest.fixture(autouse=True)
def _migrate(new_warehouses_are_migrated: None) -> None:
    """Use no copies of a migrated file."""

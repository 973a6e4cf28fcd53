"""Postgres server shared by all tests of installations; each module has its own database and folder."""

from collections.abc import Iterator

import pytest

from cdp_etl_tests.end_to_end.postgres import Postgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server

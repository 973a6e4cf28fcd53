"""Marts after a change of the business time zone."""

from dataclasses import replace

import pytest

from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.warehouse import adopt_business_timezone
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record


@pytest.mark.full
def test_marts_are_rebuilt_by_their_next_run_if_the_rebuild_was_interrupted(loader: Loader) -> None:
    """The process may end after the change of days and before the rebuild, and no load reports the change."""
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", hour=20)])
    refresh_marts(loader.warehouse, loader.settings)
    vietnam = replace(loader.warehouse, business_timezone="Asia/Ho_Chi_Minh")
    assert adopt_business_timezone(vietnam)

    refresh_marts(vietnam, loader.settings)

    with vietnam.reading() as connection:
        days = connection.execute("SELECT activity_date::VARCHAR FROM marts.interaction_daily").fetchall()
        passed = {
            mart.name: check_matches_full_rebuild(connection, mart, loader.settings).passed for mart in MARTS
        }
    assert days == [("2026-03-02",)]
    assert passed == dict.fromkeys(passed, True)

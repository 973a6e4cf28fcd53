"""Marts that lag, and a warehouse that nobody can read."""

from datetime import date, timedelta

import polars as pl

from cdp_etl.alerts import Finding, Kind
from cdp_etl.alerts.findings.marts import held_findings, mart_findings
from cdp_etl_tests.alerts.finding_examples import NOW, ledger

THREE_HOURS = timedelta(hours=3)


def stale(applied: dict[str, int], published: int | None, hours_ago: float) -> list[Finding]:
    """Look at marts that lag behind load 2, which is in place since some hours; load 1 is a day old."""
    rows = ledger(
        {"loaded_load_seq": 1, "loaded_finished_at": NOW - timedelta(days=1)},
        {
            "dump_date": date(2026, 3, 2),
            "loaded_load_seq": 2,
            "loaded_finished_at": NOW - timedelta(hours=hours_ago),
        },
    )
    return list(mart_findings(rows, applied, published, THREE_HOURS, NOW))


def test_marts_that_hold_every_load_are_not_stale() -> None:
    assert stale({"interaction": 2, "customer": 3}, 2, hours_ago=30) == []


def test_marts_may_lag_for_a_while() -> None:
    assert stale({"interaction": 1}, 1, hours_ago=2.9) == []


def test_a_mart_that_lags_for_longer_is_named_with_the_oldest_load_that_it_lacks() -> None:
    (one,) = stale({"interaction": 2, "customer": 1}, 2, hours_ago=3.1)

    assert one.kind is Kind.MARTS_STALE
    assert one.what == "Loads from number 2 on are in place for more than 3 hours and are not in: customer."


def test_a_snapshot_that_was_not_published_is_stale_too() -> None:
    (one,) = stale({"interaction": 2}, None, hours_ago=3.1)

    assert one.what.endswith(
        "Loads from number 1 on are in place for more than 3 hours and are not in: published snapshot."
    )


def test_where_nothing_was_loaded_nothing_is_stale() -> None:
    assert list(mart_findings(pl.DataFrame(), {}, None, THREE_HOURS, NOW)) == []


def test_a_warehouse_that_cannot_be_read_is_told_after_a_while() -> None:
    half_an_hour = timedelta(minutes=30)

    assert list(held_findings(None, half_an_hour, "", NOW)) == []
    assert list(held_findings(NOW - timedelta(minutes=29), half_an_hour, "", NOW)) == []
    (one,) = held_findings(NOW - half_an_hour, half_an_hour, "Process 7 holds it.", NOW)
    assert "since 2026-03-04 11:30 UTC" in one.what
    assert "Process 7 holds it." in one.what

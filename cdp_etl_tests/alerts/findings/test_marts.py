"""Findings about marts that lag, and about a warehouse that stays locked."""

from datetime import date, timedelta

import polars as pl

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.findings.marts import mart_findings, warehouse_findings
from cdp_etl_tests.alerts.finding_examples import NOW, ledger

THREE_HOURS = timedelta(hours=3)


def stale(applied: dict[str, int], published: int | None, hours_ago: float) -> list[Finding]:
    """Return the findings about marts. Load 1 is a day old, load 2 some hours."""
    rows = ledger(
        {"loaded_load_seq": 1, "loaded_finished_at": NOW - timedelta(days=1)},
        {
            "dump_date": date(2026, 3, 2),
            "loaded_load_seq": 2,
            "loaded_finished_at": NOW - timedelta(hours=hours_ago),
        },
    )
    return list(mart_findings(rows, applied, published, THREE_HOURS, NOW))


def test_marts_that_have_applied_every_load_are_not_stale() -> None:
    assert stale({"interaction": 2, "customer": 3}, 2, hours_ago=30) == []


def test_marts_may_lag_for_a_while() -> None:
    assert stale({"interaction": 1}, 1, hours_ago=2.9) == []


def test_a_mart_that_lags_for_longer_is_named_with_its_oldest_missing_load() -> None:
    (one,) = stale({"interaction": 2, "customer": 1}, 2, hours_ago=3.1)

    assert one.kind is FindingKind.MARTS_STALE
    assert one.description == "Loads from number 2 on are more than 3 hours old and not yet applied to: customer."


def test_a_snapshot_that_was_not_published_is_stale_too() -> None:
    (one,) = stale({"interaction": 2}, None, hours_ago=3.1)

    assert one.description.endswith(
        "Loads from number 1 on are more than 3 hours old and not yet applied to: published snapshot."
    )


def test_without_loads_nothing_is_stale() -> None:
    assert list(mart_findings(pl.DataFrame(), {}, None, THREE_HOURS, NOW)) == []


def test_a_warehouse_that_stays_locked_is_a_finding_after_a_while() -> None:
    half_an_hour = timedelta(minutes=30)

    assert list(warehouse_findings(None, half_an_hour, "", NOW)) == []
    assert list(warehouse_findings(NOW - timedelta(minutes=29), half_an_hour, "", NOW)) == []
    (one,) = warehouse_findings(NOW - half_an_hour, half_an_hour, "Process 7 has locked it.", NOW)
    assert "since 2026-03-04 11:30 UTC" in one.description
    assert "Process 7 has locked it." in one.description

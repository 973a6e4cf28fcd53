"""Worked examples of `campaign_daily`."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest

from cdp_etl.marts.models.campaign_daily import CAMPAIGN_DAILY
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import EMAIL, Loader, day, make_record
from cdp_etl_tests.marts.recomputed import rounded


def _event(own_id: str, event: str, recipient: str, on: int, **values: Any) -> dict[str, Any]:
    identifiers = (recipient,) if recipient else ()
    return make_record(
        EMAIL, own_id, on=on, event=event, identifiers=identifiers, **{"campaign_id": "K", **values}
    )


def _days(loader: Loader, *records: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    loader.load(EMAIL, 1, records)
    refresh_mart(loader.warehouse, CAMPAIGN_DAILY, loader.settings)
    return loader.rows("FROM marts.campaign_daily ORDER BY activity_date, service_provider, campaign_id")


def test_counts_are_of_the_day_and_rates_of_the_cohort(loader: Loader) -> None:
    first, second = _days(
        loader,
        _event("1", "sent", "e:a", 1),
        _event("2", "sent", "e:b", 1),
        _event("3", "opened", "e:a", 1),
        _event("4", "opened", "e:b", 2),
        _event("5", "clicked", "e:b", 2),
        _event("6", "sent", "e:a", 2),
    )

    assert first == {
        "company_id": "",
        "channel": "email",
        "service_provider": "Brevo",
        "campaign_id": "K",
        "campaign_name": None,
        "activity_date": day(1),
        "event_count": 3,
        "event_counts": {"opened": 1, "sent": 2},
        "event_type_counts": {"opened": 1, "sent": 2},
        "recipient_count": 2,
        "cohort_count": 2,
        "cohort_delivered_count": 0,
        "cohort_opened_count": 2,
        "cohort_opened_with_machines_count": 2,
        "cohort_clicked_count": 1,
        "cohort_unsubscribed_count": 0,
        "open_rate": 1.0,
        "open_rate_with_machines": 1.0,
        "click_rate": 0.5,
    }
    assert (second["event_count"], second["cohort_count"], second["open_rate"]) == (3, 0, None)


def test_an_event_that_the_provider_reports_twice_changes_no_rate(loader: Loader) -> None:
    (row,) = _days(
        loader,
        _event("1", "sent", "e:a", 1),
        _event("2", "sent", "e:b", 1),
        _event("3", "opened", "e:a", 1),
        _event("4", "opened", "e:a", 1),
    )

    assert (row["event_counts"], row["open_rate"]) == ({"opened": 2, "sent": 2}, 0.5)


def test_one_campaign_id_of_two_providers_is_two_campaigns(loader: Loader) -> None:
    rows = _days(loader, _event("1", "sent", "e:a", 1), _event("2", "sent", "e:a", 1, service_provider="Other"))

    assert [(row["service_provider"], row["cohort_count"]) for row in rows] == [("Brevo", 1), ("Other", 1)]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        pytest.param(_event("1", "sent", "e:a", 1, campaign_id=None), [], id="no campaign"),
        pytest.param(_event("1", "sent", "", 1), [(1, 0, 0)], id="unusable address"),
    ],
)
def test_events_without_campaign_or_recipient_are_in_no_rate(
    loader: Loader, record: dict[str, Any], found: Sequence[tuple[int, int, int]]
) -> None:
    rows = _days(loader, record)

    assert [(row["event_count"], row["recipient_count"], row["cohort_count"]) for row in rows] == found


def test_a_late_opening_changes_the_day_of_its_sending(loader: Loader) -> None:
    _days(loader, _event("1", "sent", "e:a", 1))
    loader.load(EMAIL, 9, [_event("2", "opened", "e:a", 9)])

    refresh_mart(loader.warehouse, CAMPAIGN_DAILY, loader.settings)

    rows = loader.rows("SELECT open_rate FROM marts.campaign_daily ORDER BY activity_date")
    assert [row["open_rate"] for row in rows] == [1.0, None]


def test_a_rate_that_is_exactly_between_two_is_rounded_away_from_zero(loader: Loader) -> None:
    """7 / 640 is 0.0109375, which no DOUBLE holds exactly: rounding the DOUBLE gave 0.010937."""
    recipients = [f"e:{number}" for number in range(640)]

    (row,) = _days(
        loader,
        *(_event(f"s{number}", "sent", recipient, 1) for number, recipient in enumerate(recipients)),
        *(_event(f"o{number}", "opened", recipient, 1) for number, recipient in enumerate(recipients[:7])),
        *(_event(f"c{number}", "clicked", recipient, 1) for number, recipient in enumerate(recipients[:17])),
    )

    assert (row["open_rate"], row["click_rate"]) == (0.010938, 0.026563)
    assert row["open_rate"] == rounded(Fraction(7, 640), 6)
    assert row["click_rate"] == rounded(Fraction(17, 640), 6)


def test_events_spelled_in_other_cases_of_unicode_are_one_event(loader: Loader) -> None:
    """Two engines fold a capital sigma at the end of a word to two letters; normalization folds it once."""
    (row,) = _days(loader, _event("1", "ΘΕΣ", "e:a", 1), _event("2", "Θες", "e:b", 1))

    assert row["event_counts"] == {"θες": 2}


def test_a_provider_with_its_own_words_has_a_cohort_and_rates(loader: Loader) -> None:
    """Brevo's words, as in the contract's example: a machine's open counts apart."""
    (row,) = _days(
        loader,
        *(_event(f"r{number}", "request", f"e:{number}", 1) for number in range(10)),
        *(_event(f"d{number}", "delivered", f"e:{number}", 1) for number in range(10)),
        *(_event(f"u{number}", "unique_opened", f"e:{number}", 1) for number in range(6)),
        *(_event(f"o{number}", "opened", f"e:{number}", 1) for number in range(6)),
        *(_event(f"p{number}", "proxy_open", f"e:{number}", 1) for number in (6, 7)),
        *(_event(f"c{number}", "click", f"e:{number}", 1) for number in range(3)),
    )

    assert (row["cohort_count"], row["open_rate"], row["click_rate"]) == (10, 0.6, 0.3)
    assert (row["cohort_opened_with_machines_count"], row["open_rate_with_machines"]) == (8, 0.8)
    assert row["event_counts"]["proxy_open"] == 2
    assert row["event_type_counts"] == {
        "clicked": 3,
        "delivered": 10,
        "machine_opened": 2,
        "opened": 12,
        "requested": 10,
    }


def test_a_click_of_a_machine_is_no_click(loader: Loader) -> None:
    (row,) = _days(
        loader,
        _event("1", "sent", "e:a", 1),
        _event("2", "machine_clicked", "e:a", 1),
        _event("3", "strange", "e:a", 1),
    )

    assert (row["click_rate"], row["open_rate"]) == (0.0, 0.0)
    assert row["event_type_counts"] == {"machine_clicked": 1, "other": 1, "sent": 1}

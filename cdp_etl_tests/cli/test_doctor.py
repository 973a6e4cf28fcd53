"""`cdp-etl doctor`: it says of an installation what is well and what is not, and changes nothing."""

import json

import pytest

from cdp_etl_tests.cli.conftest import Command, Ended


def unwell(ended: Ended) -> dict[str, str]:
    """Give what is not well, and why."""
    return {one["what"]: one["sentence"] for one in json.loads(ended.out) if not one["is_well"]}


def test_only_the_daemon_is_missing_where_all_was_loaded_by_hand(loaded: Command) -> None:
    ended = loaded("doctor", "--json")

    assert ended.code == 1
    assert list(unwell(ended)) == ["Dagster's daemon"]
    assert "`cdp-etl ui`" in unwell(ended)["Dagster's daemon"]


def test_a_zone_that_is_not_there_is_named_for_each_entity(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_LANDING__EMAIL_INTERACTION", "elsewhere")

    found = unwell(loaded("doctor", "--json"))

    assert "elsewhere" in found["landing zone of email-interaction"]
    assert "landing zone of sms-interaction" not in found


def test_a_warehouse_of_another_business_time_zone_is_told(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_BUSINESS_TIMEZONE", "Asia/Ho_Chi_Minh")

    assert "cdp-etl marts rebuild --all" in unwell(loaded("doctor", "--json"))["warehouse"]


def test_half_a_receiver_of_alerts_is_told(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_ALERT_SMTP_HOST", "mail.example")

    assert "CDP_ETL_ALERT_FROM" in unwell(loaded("doctor", "--json"))["alerts"]

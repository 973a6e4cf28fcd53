"""`cdp-etl doctor`: it says of an installation what is well and what is not, and changes nothing."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdp_etl_tests.cli.conftest import Command, Ended
from cdp_etl_tests.landing.servers import free_port

DEPLOYED = Path(__file__).parents[2] / "deploy/postgres/dagster.yaml"
POSTGRES = {"HOST": "127.0.0.1", "USER": "dagster", "PASSWORD": "open sesame", "DB": "dagster"}


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


def test_an_extra_that_alerts_require_is_named(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_ALERT_URLS", "tgram://123456789:abcdefg_hijklmnop/12315544")
    monkeypatch.setitem(sys.modules, "apprise", None)

    ended = loaded("doctor", "--json")

    assert "pip install 'cdp_etl[apprise]'" in unwell(ended)["alerts"]
    assert "abcdefg" not in ended.out + ended.err


def test_a_missing_extra_of_the_report_is_no_fault_but_named(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)

    found = {one["what"]: one for one in json.loads(loaded("doctor", "--json").out)}

    assert found["report"]["is_well"]
    assert "pip install 'cdp_etl[report]'" in found["report"]["sentence"]


@pytest.fixture
def on_postgres(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give the command of an installation on Postgres that nobody has started."""
    Path("data/dagster").mkdir(parents=True)
    shutil.copy(DEPLOYED, "data/dagster")
    for name, value in {**POSTGRES, "PORT": str(free_port())}.items():
        monkeypatch.setenv(f"CDP_DAGSTER_PG_{name}", value)
    # Dagster's driver tries again for some seconds.
    monkeypatch.setattr("dagster_postgres.utils.time", SimpleNamespace(sleep=lambda _: None))
    return cdp_etl


def test_a_postgres_that_does_not_answer_is_told_without_its_password(on_postgres: Command) -> None:
    ended = on_postgres("doctor", "--json")

    said = unwell(ended)["Dagster's storage"]
    assert "dagster.yaml: its Postgres does not answer: " in said
    assert "Connection refused" in said
    assert POSTGRES["PASSWORD"] not in ended.out + ended.err


def test_a_variable_that_the_instance_needs_is_named(
    on_postgres: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDP_DAGSTER_PG_HOST")

    assert (
        "it needs the variable CDP_DAGSTER_PG_HOST, not set"
        in unwell(on_postgres("doctor", "--json"))["Dagster's storage"]
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        pytest.param("storage: [", "dagster.yaml: not YAML", id="no YAML"),
        pytest.param("storrage: {}", 'unexpected config entry "storrage"', id="no such section"),
    ],
)
def test_a_configuration_that_dagster_does_not_take_is_told(on_postgres: Command, text: str, fact: str) -> None:
    Path("data/dagster/dagster.yaml").write_text(text)

    assert fact in unwell(on_postgres("doctor", "--json"))["Dagster's storage"]
    assert fact in on_postgres("run", "--from", "2026-03-01").err

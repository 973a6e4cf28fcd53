"""`cdp-etl doctor`: health checks of an installation."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdp_etl_tests.cli.conftest import Command, CommandResult
from cdp_etl_tests.landing.servers import free_port

DEPLOYED = Path(__file__).parents[2] / "deploy/postgres/dagster.yaml"
POSTGRES = {"HOST": "127.0.0.1", "USER": "dagster", "PASSWORD": "open sesame", "DB": "dagster"}


def failed(ended: CommandResult) -> dict[str, str]:
    """Return name and detail of the failed checks."""
    return {one["what"]: one["sentence"] for one in json.loads(ended.out) if not one["is_well"]}


def test_after_loads_by_hand_only_the_daemon_is_missing(loaded: Command) -> None:
    ended = loaded("doctor", "--json")

    assert ended.code == 1
    assert list(failed(ended)) == ["Dagster's daemon"]
    assert "`cdp-etl ui`" in failed(ended)["Dagster's daemon"]


def test_an_installation_without_daemon_is_healthy(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_DAEMON", "false")

    ended = loaded("doctor", "--json")

    assert (ended.code, failed(ended)) == (0, {})


@pytest.mark.parametrize("name", ["CDP_ETL_SEGMENTS", "CDP_ETL_VOCABULARY_PROFILE"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"x = " + b"[" * 5_000, None], ids=["empty", "bytes", "deep", "missing"]
)
def test_a_damaged_file_that_a_setting_names_is_reported(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None
) -> None:
    file = Path("named")
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(name, str(file))

    found = failed(cdp_etl("doctor", "--json"))

    is_valid = (name, content) == ("CDP_ETL_VOCABULARY_PROFILE", b"")
    assert is_valid or str(file.absolute()) in found["settings"]


def test_a_missing_zone_is_named_for_each_entity(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_LANDING__EMAIL_INTERACTION", "elsewhere")

    found = failed(loaded("doctor", "--json"))

    assert "elsewhere" in found["landing zone of email-interaction"]
    assert "landing zone of sms-interaction" not in found


def test_a_warehouse_with_another_business_time_zone_fails(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_BUSINESS_TIMEZONE", "Asia/Ho_Chi_Minh")

    assert "cdp-etl marts rebuild --all" in failed(loaded("doctor", "--json"))["warehouse"]


def test_an_incomplete_alert_channel_fails(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_ALERT_SMTP_HOST", "mail.example")

    assert "CDP_ETL_ALERT_FROM" in failed(loaded("doctor", "--json"))["alerts"]


def test_an_extra_that_alerts_require_is_named(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_ALERT_URLS", "tgram://123456789:abcdefg_hijklmnop/12315544")
    monkeypatch.setitem(sys.modules, "apprise", None)

    ended = loaded("doctor", "--json")

    assert "pip install 'cdp_etl[apprise]'" in failed(ended)["alerts"]
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
    """Return the command of an installation whose Postgres is not running."""
    Path("data/dagster").mkdir(parents=True)
    shutil.copy(DEPLOYED, "data/dagster")
    for name, value in {**POSTGRES, "PORT": str(free_port())}.items():
        monkeypatch.setenv(f"CDP_DAGSTER_PG_{name}", value)
    # Dagster's driver retries for some seconds.
    monkeypatch.setattr("dagster_postgres.utils.time", SimpleNamespace(sleep=lambda _: None))
    return cdp_etl


def test_an_unreachable_postgres_is_reported_without_its_password(on_postgres: Command) -> None:
    ended = on_postgres("doctor", "--json")

    detail = failed(ended)["Dagster's storage"]
    assert "dagster.yaml: its Postgres does not answer: " in detail
    assert "Connection refused" in detail
    assert POSTGRES["PASSWORD"] not in ended.out + ended.err


def test_a_variable_that_the_instance_needs_is_named(
    on_postgres: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDP_DAGSTER_PG_HOST")

    assert (
        "it needs the variable CDP_DAGSTER_PG_HOST, not set"
        in failed(on_postgres("doctor", "--json"))["Dagster's storage"]
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        pytest.param("storage: [", "dagster.yaml: not YAML", id="no YAML"),
        pytest.param("storrage: {}", 'unexpected config entry "storrage"', id="no such section"),
    ],
)
def test_an_invalid_configuration_of_dagster_is_reported(on_postgres: Command, text: str, fact: str) -> None:
    Path("data/dagster/dagster.yaml").write_text(text)

    assert fact in failed(on_postgres("doctor", "--json"))["Dagster's storage"]
    assert fact in on_postgres("run", "--from", "2026-03-01").err


def test_a_missing_pseudonym_key_names_the_command(loaded: Command) -> None:
    Path("data/keys/pseudonym").unlink()

    assert "cdp-etl marts publish --new-key" in failed(loaded("doctor", "--json"))["pseudonym key"]


def test_a_pseudonym_key_that_others_can_read_is_named(loaded: Command) -> None:
    Path("data/keys/pseudonym").chmod(0o644)

    assert "chmod 600" in failed(loaded("doctor", "--json"))["pseudonym key"]


def test_a_data_folder_that_others_can_enter_fails(loaded: Command) -> None:
    loaded("status")
    tight = failed(loaded("doctor", "--json"))
    Path("data").chmod(0o755)

    found = failed(loaded("doctor", "--json"))

    assert "access" not in tight
    assert "Others can enter" in found["access"]

"""`cdp-etl alerts`: channels are tested, findings are listed, and new ones are sent without a daemon."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_etl_tests.alerts.servers import Mailbox, Webhook, closed_port, smtp_server, webhook
from cdp_etl_tests.cli.conftest import Command, load_dump

SMS_FOLDER = Path("data/landing/sms-interaction/2026-03-01")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as started:
        monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL", started.url)
        yield started


@pytest.fixture(autouse=True)
def _nothing_is_expected(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - set after it
    monkeypatch.setenv("CDP_ETL_LOOKBACK_DAYS", "0")
    monkeypatch.setenv("CDP_ETL_ALERT_DEADLINE", "99:00")


@pytest.fixture
def refused(cdp_etl: Command) -> Command:
    """Return the command after one dump was refused."""
    SMS_FOLDER.mkdir(parents=True)
    (SMS_FOLDER / "part-1.ndjson.gz").write_bytes(b"not gzip")
    assert load_dump().error is not None
    return cdp_etl


def test_a_test_message_reaches_every_channel(
    cdp_etl: Command, server: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(Mailbox()) as mailbox:
        for name, value in {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mailbox.port),
            "SMTP_ENCRYPTION": "none",
            "FROM": "cdp@shop.example",
            "TO": "oncall@shop.example, data@shop.example",
        }.items():
            monkeypatch.setenv(f"CDP_ETL_ALERT_{name}", value)
        ended = cdp_etl("alerts", "test")

    assert (ended.code, ended.out) == (0, "webhook: delivered.\nsmtp: delivered.\n")
    assert len(server.posted) == len(mailbox.mails) == 1
    assert mailbox.mails[0]["To"] == "data@shop.example, oncall@shop.example"


def test_a_channel_that_does_not_accept_the_test_message_is_an_error_without_its_address(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{closed_port()}/services/secret")

    ended = cdp_etl("alerts", "test")

    assert (ended.code, "cannot be reached" in ended.err, "secret" in ended.err) == (1, True, False)


def test_a_channel_by_apprise_is_tested_under_its_scheme_and_number(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as hook:
        monkeypatch.setenv("CDP_ETL_ALERT_URLS", hook.url.replace("http://", "json://"))
        ended = cdp_etl("alerts", "test")

    assert (ended.code, ended.out, len(hook.posted)) == (0, "json 1: delivered.\n", 1)


def test_without_a_channel_there_is_nothing_to_test(cdp_etl: Command) -> None:
    ended = cdp_etl("alerts", "test")

    assert (ended.code, "CDP_ETL_ALERT_WEBHOOK_URL" in ended.out) == (1, True)


def test_findings_are_listed_and_nothing_is_sent(refused: Command, server: Webhook) -> None:
    (row,) = json.loads(refused("alerts", "check", "--json").out)
    ended = refused("alerts", "check")
    table = ended.out

    assert ended.code == 1
    assert (row["kind"], row["place"]) == ("dump refused", "sms-interaction 2026-03-01")
    assert row["to_be_told_to"] == ["webhook"]
    assert "dump refused" in table
    assert server.requests == 0


def test_new_findings_are_sent_once(refused: Command, server: Webhook) -> None:
    sent = [refused("alerts", "send") for _ in range(2)]

    assert [(ended.code, ended.out) for ended in sent] == [
        (0, "webhook: 1 findings sent.\n"),
        (0, "Nothing new.\n"),
    ]
    assert "Dump refused: sms-interaction 2026-03-01" in server.posted[0]["text"]
    (row,) = json.loads(refused("alerts", "check", "--json").out)
    assert row["to_be_told_to"] == []


def test_without_findings_the_command_says_so(loaded: Command) -> None:
    ended = loaded("alerts", "check")

    assert (ended.code, ended.out) == (0, "Nothing is wrong.\n")


def test_the_address_can_be_in_a_file(
    cdp_etl: Command, server: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hook").write_text(server.url + "\n")
    monkeypatch.delenv("CDP_ETL_ALERT_WEBHOOK_URL")
    monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL_FILE", "hook")

    assert cdp_etl("alerts", "test").code == 0
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"WEBHOOK_URL": "slack"}, "CDP_ETL_ALERT_WEBHOOK_URL: expected an address", id="no address"),
        pytest.param({"WEBHOOK_URL_FILE": "none"}, "CDP_ETL_ALERT_WEBHOOK_URL_FILE", id="no such file"),
        pytest.param({"SMTP_HOST": "mail.example"}, "CDP_ETL_ALERT_FROM", id="no sender"),
        pytest.param(
            {"SMTP_HOST": "mail.example", "FROM": "a@b.example", "TO": "c@d.example", "SMTP_USER": "cdp"},
            "CDP_ETL_ALERT_SMTP_PASSWORD",
            id="no password",
        ),
        pytest.param(
            {
                "SMTP_HOST": "mail.example",
                "FROM": "a@b.example",
                "TO": "c@d.example",
                "SMTP_USER": "cdp",
                "SMTP_PASSWORD": "horse",
                "SMTP_ENCRYPTION": "none",
            },
            "a password is not sent without encryption",
            id="a password in the open",
        ),
    ],
)
def test_invalid_settings_of_channels_are_named(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"CDP_ETL_ALERT_{name}", value)

    ended = cdp_etl("alerts", "test")

    assert (ended.code, sentence in ended.err, "horse" in ended.err) == (2, True, False)

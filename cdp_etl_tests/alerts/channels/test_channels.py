"""Webhook and SMTP channels against real servers: formats, errors, retries and time limits."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from cdp_etl.alerts.channels.base import deliver
from cdp_etl.alerts.channels.smtp import Encryption, SmtpChannel, SmtpLogin
from cdp_etl.alerts.channels.webhook import WebhookChannel
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message
from cdp_etl_tests.alerts.servers import (
    Mailbox,
    certificate,
    closed_port,
    dripping_server,
    silent_server,
    smtp_server,
    webhook,
)

MESSAGE = Message("[cdp_etl] 1 new: dump refused", "Dump refused: 5 < 6 & grün\n")


def hook(url: str) -> WebhookChannel:
    return WebhookChannel(SecretStr(url))


def mail(port: int, encryption: Encryption = "none", login: SmtpLogin | None = None) -> SmtpChannel:
    return SmtpChannel(
        "127.0.0.1", port, encryption, "cdp@shop.example", ["a@shop.example", "b@shop.example"], login
    )


def test_a_webhook_receives_the_format_of_slack() -> None:
    with webhook() as server:
        deliver(hook(server.url), MESSAGE)

    assert server.posted == [{"text": "*[cdp_etl] 1 new: dump refused*\nDump refused: 5 &lt; 6 &amp; grün\n"}]


def test_a_webhook_that_recovers_receives_the_message_in_the_same_dispatch() -> None:
    with webhook(500, 429, 200) as server:
        deliver(hook(server.url), MESSAGE)

    assert (server.requests, len(server.posted)) == (3, 1)


@pytest.mark.parametrize(
    ("status", "requests"),
    [
        pytest.param(500, 3, id="a server error is retried"),
        pytest.param(404, 1, id="a wrong address is not"),
        pytest.param(302, 1, id="a redirect is not followed"),
    ],
)
def test_the_error_of_a_webhook_does_not_contain_its_path(status: int, requests: int) -> None:
    with webhook(status) as server, pytest.raises(DeliveryError) as caught:
        deliver(hook(server.url), MESSAGE)

    assert server.requests == requests
    assert str(caught.value) == f"webhook: 127.0.0.1 answers {status}."


def test_the_error_of_an_unreachable_webhook_does_not_contain_its_path() -> None:
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        deliver(hook(f"http://127.0.0.1:{closed_port()}/secret-path"), MESSAGE)

    assert "secret-path" not in str(caught.value)


def test_a_webhook_that_hangs_is_abandoned() -> None:
    with silent_server() as port, pytest.raises(DeliveryError, match="ReadTimeout"):
        deliver(hook(f"http://127.0.0.1:{port}/"), MESSAGE)


def test_a_webhook_that_answers_byte_by_byte_is_abandoned() -> None:
    """The timeout of a socket restarts with each byte."""
    with dripping_server() as port, pytest.raises(DeliveryError, match="no answer within 6 seconds"):
        deliver(hook(f"http://127.0.0.1:{port}/"), MESSAGE)


def test_a_mail_reaches_all_addresses() -> None:
    with smtp_server(Mailbox()) as server:
        deliver(mail(server.port), MESSAGE)

    (received,) = server.mails
    assert (received["Subject"], received["To"]) == (MESSAGE.subject, "a@shop.example, b@shop.example")
    assert received["Auto-Submitted"] == "auto-generated"
    payload = received.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().splitlines() == MESSAGE.text.splitlines()


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_mail_is_sent_encrypted_and_with_a_login(
    encryption: Encryption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    mailbox = Mailbox(login=("cdp", "correct horse"))
    tls = {encryption: context}

    with smtp_server(mailbox, **tls) as server:
        deliver(mail(server.port, encryption, SmtpLogin("cdp", SecretStr("correct horse"))), MESSAGE)

    assert (server.logins, len(server.mails)) == (1, 1)


def test_a_wrong_password_is_a_permanent_error_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    login = SmtpLogin("cdp", SecretStr("wrong donkey"))

    with (
        smtp_server(Mailbox(login=("cdp", "correct horse")), starttls=context) as server,
        pytest.raises(DeliveryError, match="SMTPAuthenticationError, 535") as caught,
    ):
        deliver(mail(server.port, "starttls", login), MESSAGE)

    assert not caught.value.is_transient
    assert "donkey" not in str(caught.value)


def test_a_server_with_an_unknown_certificate_is_not_trusted(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)

    with (
        smtp_server(Mailbox(), starttls=context) as server,
        pytest.raises(DeliveryError, match="SSLCertVerificationError"),
    ):
        deliver(mail(server.port, "starttls"), MESSAGE)

    assert server.mails == []


def test_nothing_is_sent_to_a_server_without_the_required_encryption() -> None:
    with smtp_server(Mailbox()) as server, pytest.raises(DeliveryError, match="SMTPNotSupportedError"):
        deliver(mail(server.port, "starttls"), MESSAGE)

    assert server.mails == []


def test_a_server_that_greylists_is_retried() -> None:
    mailbox = Mailbox(recipient_answers=["450 later", "450 later"])

    with smtp_server(mailbox) as server:
        deliver(mail(server.port), MESSAGE)

    assert len(server.mails) == 1


def test_rejected_recipients_are_counted_not_named() -> None:
    mailbox = Mailbox(recipient_answers=["550 nobody"])

    with smtp_server(mailbox) as server, pytest.raises(DeliveryError) as caught:
        deliver(mail(server.port), MESSAGE)

    assert str(caught.value) == "smtp: 127.0.0.1 refused 1 of 2 recipients."


@pytest.mark.parametrize("is_reachable", [True, False], ids=["it hangs", "it is not reachable"])
def test_a_server_that_does_not_answer_is_abandoned(is_reachable: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    with silent_server() as port, pytest.raises(DeliveryError, match="did not accept the message"):
        deliver(mail(port if is_reachable else closed_port()), MESSAGE)

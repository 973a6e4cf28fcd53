"""Channels by apprise against real servers: names, limits, and that no address appears anywhere."""

import logging
import sys
import time
from pathlib import Path

import pytest

from cdp_etl.alerts.channels.apprise import AppriseChannel, apprise_channels
from cdp_etl.alerts.channels.base import deliver
from cdp_etl.alerts.errors import ChannelConfigError, DeliveryError
from cdp_etl.alerts.message import Message
from cdp_etl_tests.alerts.servers import closed_port, dripping_server, silent_server, webhook

MESSAGE = Message("[cdp_etl] 1 new: dump refused", "Dump refused: 5 < 6 & grün\n")
PATH = "T0-secret-path"
"""Part of the addresses of the test servers, as a service has its token there."""


def channel(url: str) -> AppriseChannel:
    """Return the channel of one URL of an HTTP server, addressed by apprise's scheme for JSON."""
    (made,) = apprise_channels([url.replace("http://", "json://")], "CDP_ETL_ALERT_URLS")
    return made


def test_a_message_arrives_with_subject_and_text() -> None:
    with webhook() as server:
        deliver(channel(server.url), MESSAGE)

    assert [(post["title"], post["message"], post["attachments"]) for post in server.posted] == [
        (MESSAGE.subject, MESSAGE.text.strip(), [])
    ]


def test_a_channel_is_named_by_scheme_and_number() -> None:
    urls = ["json://127.0.0.1:1/a", "tgram://123456789:abcdefg_hijklmnop/12315544", "json://127.0.0.1:1/b"]

    assert [one.name for one in apprise_channels(urls, "X")] == ["json 1", "tgram 1", "json 2"]


@pytest.mark.parametrize("status", [500, 404])
def test_a_failure_counts_as_transient_and_is_retried(status: int) -> None:
    with webhook(status) as server, pytest.raises(DeliveryError) as caught:
        deliver(channel(server.url), MESSAGE)

    assert (str(caught.value), caught.value.is_transient) == ("json 1: the message was not accepted.", True)
    assert server.requests == 3


@pytest.mark.parametrize("parameter", ["", "?redirect=yes"], ids=["by default", "not by a parameter either"])
def test_a_redirect_is_not_followed(parameter: str) -> None:
    with webhook() as other, webhook(307, location=other.url) as server, pytest.raises(DeliveryError):
        deliver(channel(server.url + parameter), MESSAGE)

    assert other.requests == 0


def test_parameters_of_a_url_do_not_override_the_limits() -> None:
    (service,) = channel("http://127.0.0.1:1/?verify=no&retry=5&wait=9&rto=600&cto=600").service

    assert (service.verify_certificate, service.retry, service.wait) == (True, 0, 0)
    assert service.request_timeout == (5, 5)


def test_a_server_that_hangs_is_abandoned_within_twelve_seconds() -> None:
    begin = time.monotonic()

    with silent_server() as port, pytest.raises(DeliveryError):
        deliver(channel(f"http://127.0.0.1:{port}/"), MESSAGE)

    assert time.monotonic() - begin < 12


def test_a_server_that_answers_byte_by_byte_is_abandoned() -> None:
    with dripping_server() as port, pytest.raises(DeliveryError, match="json 1: no answer within 6 seconds"):
        deliver(channel(f"http://127.0.0.1:{port}/"), MESSAGE)


def test_no_address_is_in_an_error_or_at_any_level_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    logging.getLogger("apprise").disabled = False

    with webhook(200, 500) as server:
        target = channel(server.url)
        deliver(target, MESSAGE)
        with pytest.raises(DeliveryError) as refused:
            deliver(target, MESSAGE)
    with pytest.raises(DeliveryError) as unreachable:
        deliver(channel(f"http://127.0.0.1:{closed_port()}/{PATH}"), MESSAGE)
    with pytest.raises(ChannelConfigError) as unknown:
        list(apprise_channels([f"nosuchservice://{PATH}"], "X"))

    texts = [caplog.text, *(str(error.value) for error in (refused, unreachable, unknown))]
    assert [text for text in texts if PATH in text] == []


def test_a_text_mentions_nobody() -> None:
    with webhook() as server:
        deliver(channel(server.url), Message("@everyone", "<!channel> <@U123> a@b.example 5 < 6"))

    (post,) = server.posted
    assert "@everyone" not in post["title"]
    assert {"<!channel", "<@U123"}.isdisjoint({post["message"][:9], post["message"][11:17]})
    assert post["message"].replace("\N{WORD JOINER}", "") == "<!channel> <@U123> a@b.example 5 < 6"


@pytest.mark.parametrize(
    ("urls", "sentence"),
    [
        pytest.param([PATH], "X: URL 1 does not begin with a scheme such as tgram://.", id="no scheme"),
        pytest.param(
            ["json://localhost", f"nosuchservice://{PATH}"],
            "X: apprise does not accept URL 2; see its list of services.",
            id="unknown scheme",
        ),
        pytest.param(
            [f"https://hooks.example/{PATH}"],
            "X: URL 1 has the scheme https; set CDP_ETL_ALERT_WEBHOOK_URL or CDP_ETL_ALERT_SMTP_HOST instead.",
            id="webhook",
        ),
        pytest.param(
            [f"mailtos://user:{PATH}@mail.example"],
            "X: URL 1 has the scheme mailtos; set CDP_ETL_ALERT_WEBHOOK_URL or CDP_ETL_ALERT_SMTP_HOST instead.",
            id="e-mail",
        ),
    ],
)
def test_a_url_that_is_not_usable_is_named_by_its_position(urls: list[str], sentence: str) -> None:
    with pytest.raises(ChannelConfigError) as caught:
        list(apprise_channels(urls, "X"))

    assert str(caught.value) == sentence


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(ChannelConfigError) as caught:
        list(apprise_channels(["json://localhost"], "CDP_ETL_ALERT_URLS"))

    assert str(caught.value) == (
        "CDP_ETL_ALERT_URLS is set, but apprise is not installed. Install it: pip install 'cdp_etl[apprise]'"
    )


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    with webhook() as server:
        deliver(channel(server.url), MESSAGE)

    assert list(tmp_path.iterdir()) == []

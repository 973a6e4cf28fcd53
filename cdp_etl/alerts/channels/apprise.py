"""Channels of further services (Telegram, Teams, PagerDuty and others) by apprise, the extra `cdp_etl[apprise]`.

apprise writes addresses with their tokens to its log and to its results, so its logger is disabled and only
success or failure is read. It reports no reason for a failure: every failure counts as transient.
Webhook and SMTP stay our own channels, since they tell transient from permanent errors (decision 0070).
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdp_etl.alerts.channels.base import ANSWER_SECONDS
from cdp_etl.alerts.errors import ChannelConfigError, DeliveryError
from cdp_etl.alerts.message import Message

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset

_SCHEME: Final = re.compile(r"([A-Za-z0-9]+)://")
_OWN_CHANNELS: Final = {"http", "https", "mailto", "mailtos"}
_MENTION: Final = re.compile(r"([@<])(?=[!@#&\w])")


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Sends to one apprise URL.

    Attributes:
        name: Scheme and number, such as `tgram 1`: the address itself is a secret.
        service: apprise, loaded with this one URL.
    """

    name: str
    service: "Apprise"

    def send(self, message: Message) -> None:
        """Send the message. Redirects are not followed.

        Raises:
            DeliveryError: If apprise reports a failure; always transient.
        """
        _disable_logger()
        is_delivered = self.service.notify(
            title=_without_mentions(message.subject),
            body=_without_mentions(message.text),
            notify_type="warning",
            body_format="text",
        )
        if not is_delivered:
            raise DeliveryError(f"{self.name}: the message was not accepted.", is_transient=True)


def apprise_channels(urls: Sequence[str], setting: str) -> Iterator[AppriseChannel]:
    """Yield the channel of each URL, named by its scheme and its number within the scheme.

    Args:
        urls: apprise URLs.
        setting: Name of the setting that holds them, for errors.

    Raises:
        ChannelConfigError: If apprise is not installed or a URL is not usable. No URL is quoted.
    """
    try:
        from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - an extra, imported only if it is used
    except ModuleNotFoundError:
        raise ChannelConfigError(
            f"{setting} is set, but apprise is not installed. Install it: pip install 'cdp_etl[apprise]'"
        ) from None
    _disable_logger()
    asset = AppriseAsset(
        app_id="cdp_etl",
        app_desc="cdp_etl",
        async_mode=False,
        service_timeout=0,  # `deliver` limits the time; apprise would do so in threads that delay the exit
        http_redirects=False,
        storage_mode="memory",  # nothing about an address is written to disk
        pgp_autogen=False,
        pem_autogen=False,
        image_url_mask="",
    )
    numbers: Counter[str] = Counter()
    for position, url in enumerate(urls, 1):
        scheme = _scheme(url, position, setting)
        service = Apprise(asset=asset)
        if not _add(service, url, asset):
            raise ChannelConfigError(
                f"{setting}: apprise does not accept URL {position}; see its list of services."
            )
        numbers[scheme] += 1
        yield AppriseChannel(f"{scheme} {numbers[scheme]}", service)


def _scheme(url: str, position: int, setting: str) -> str:
    found = _SCHEME.match(url)
    if found is None:
        raise ChannelConfigError(f"{setting}: URL {position} does not begin with a scheme such as tgram://.")
    scheme = found[1].lower()
    if scheme in _OWN_CHANNELS:
        raise ChannelConfigError(
            f"{setting}: URL {position} has the scheme {scheme}; set CDP_ETL_ALERT_WEBHOOK_URL or"
            " CDP_ETL_ALERT_SMTP_HOST instead."
        )
    return scheme


def _add(service: "Apprise", url: str, asset: "AppriseAsset") -> bool:
    """Add a URL with our limits, which parameters of the URL (`verify`, `redirect`, `retry`) do not override."""
    target = service.instantiate(url, asset=asset)
    if target is None:
        return False
    target.verify_certificate = True
    target.redirects = False
    target.retry, target.wait = 0, 0.0
    target.socket_connect_timeout = target.socket_read_timeout = ANSWER_SECONDS
    return service.add(target)


def _disable_logger() -> None:
    """Disable apprise's logger: at level DEBUG it writes addresses with their tokens."""
    logging.getLogger("apprise").disabled = True


def _without_mentions(text: str) -> str:
    """Break `@everyone`, `<!channel>` and the like by an invisible character, so that no text notifies a group."""
    return _MENTION.sub("\\1\N{WORD JOINER}", text)

"""Settings of alerts, logs and metrics.

A channel of alerts is off until its first setting is set.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from cdp_etl.alerts.errors import ChannelConfigError
from cdp_etl.alerts.message import Installation, RunLinks
from cdp_etl.contract.entity import Entity
from cdp_etl.settings.env_source import variable
from cdp_etl.settings.types import AbsolutePath, ClockTime, Hours, Names, Port

if TYPE_CHECKING:
    from cdp_etl.alerts.channels.base import Channel
    from cdp_etl.alerts.channels.smtp import SmtpLogin


class ObservabilitySettings(BaseSettings):
    """Settings of alerts, logs and metrics, and the values that are derived from them."""

    # Alerts
    alert_name: str = Field(default="cdp_etl", description="Name of this installation in alerts.")
    alert_webhook_url: SecretStr | None = Field(
        default=None, description="Address that alerts are posted to, in the format of Slack's incoming webhooks."
    )
    alert_webhook_url_file: AbsolutePath | None = Field(
        default=None, description="File that holds the address of the webhook."
    )
    alert_smtp_host: str | None = Field(default=None, description="SMTP server that alerts are sent by.")
    alert_smtp_port: Port = Field(default=587, description="Port of the SMTP server.")
    alert_smtp_encryption: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="Encryption of the SMTP connection; a login requires starttls or tls."
    )
    alert_smtp_user: str | None = Field(default=None, description="User of the SMTP login; no login if not set.")
    alert_smtp_password: SecretStr | None = Field(default=None, description="Password of the SMTP login.")
    alert_smtp_password_file: AbsolutePath | None = Field(
        default=None, description="File that holds the password of the SMTP login."
    )
    alert_from: str | None = Field(default=None, description="Sender address of alerts by e-mail.")
    alert_to: Names = Field(
        default=frozenset(), description="Recipient addresses of alerts by e-mail, separated by commas."
    )
    alert_urls: SecretStr | None = Field(
        default=None,
        description="apprise URLs of further channels such as tgram://…, separated by spaces;"
        " requires the extra cdp_etl[apprise].",
    )
    alert_urls_file: AbsolutePath | None = Field(
        default=None, description="File that holds those URLs, one a line or separated by spaces."
    )
    alert_deadline: ClockTime = Field(
        default="36:00",
        description="Time from the beginning of a dump date, in the dump time zone, to the deadline of an expected"
        " dump; 36:00 is noon of the next day.",
    )
    alert_deadline_by_entity: dict[str, ClockTime] = Field(
        default_factory=dict, description="Deadline of the dumps of one entity."
    )
    alert_stale_hours: Hours = Field(
        default=3, description="Hours that marts and snapshot may lag behind a load before an alert is sent."
    )
    alert_runbook: str = Field(
        default="docs/operations.md", description="Path or URL under which people read docs/operations.md."
    )
    ui_url: str = Field(
        default="", description="Address of the Dagster UI in people's browsers; alerts link to runs if it is set."
    )

    # Logs and metrics
    log_format: Literal["text", "json"] = Field(
        default="text", description="json: progress, errors and runs as one JSON object a line on standard error."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level of the JSON lines that are written."
    )
    metrics_file: AbsolutePath | None = Field(
        default=None,
        description="File that metrics are written to, for node_exporter's textfile collector; must end in .prom.",
    )

    def installation(self) -> Installation:
        """Return the sender of alerts."""
        return Installation(self.alert_name, self.alert_runbook)

    def run_links(self) -> RunLinks:
        """Return the links to runs in the Dagster UI."""
        return RunLinks(self.ui_url)

    def deadline(self, entity: Entity) -> timedelta:
        """Return the time from the beginning of a dump date to the deadline of the entity's dump."""
        hours, minutes = self.alert_deadline_by_entity.get(entity.table, self.alert_deadline).split(":")
        return timedelta(hours=int(hours), minutes=int(minutes))

    def channels(self) -> list["Channel"]:
        """Return the configured alert channels.

        Raises:
            ChannelConfigError: If the settings of a channel are incomplete, a file that they name cannot be read,
                or an extra is not installed.
        """
        return [*self._webhook(), *self._smtp(), *self._apprise()]

    def _webhook(self) -> list["Channel"]:
        from cdp_etl.alerts.channels.webhook import WebhookChannel

        url = _secret(self.alert_webhook_url, self.alert_webhook_url_file, "alert_webhook_url_file")
        if url is None:
            return []
        if not url.get_secret_value().startswith(("https://", "http://")):
            raise ChannelConfigError(
                f"{variable('alert_webhook_url')}: expected an address that begins with https:// or http://."
            )
        return [WebhookChannel(url)]

    def _smtp(self) -> list["Channel"]:
        from cdp_etl.alerts.channels.smtp import SmtpChannel

        if self.alert_smtp_host is None:
            return []
        if self.alert_from is None or not self.alert_to:
            raise ChannelConfigError(
                f"{variable('alert_smtp_host')} is set; {variable('alert_from')} and {variable('alert_to')}"
                " must be too."
            )
        return [
            SmtpChannel(
                host=self.alert_smtp_host,
                port=self.alert_smtp_port,
                encryption=self.alert_smtp_encryption,
                sender=self.alert_from,
                recipients=sorted(self.alert_to),
                login=self._login(),
            )
        ]

    def _login(self) -> "SmtpLogin | None":
        from cdp_etl.alerts.channels.smtp import SmtpLogin

        password = _secret(self.alert_smtp_password, self.alert_smtp_password_file, "alert_smtp_password_file")
        if self.alert_smtp_user is None:
            return None
        if password is None:
            raise ChannelConfigError(
                f"{variable('alert_smtp_user')} is set; {variable('alert_smtp_password')} or its file must be too."
            )
        if self.alert_smtp_encryption == "none":
            raise ChannelConfigError(
                f"{variable('alert_smtp_encryption')}: a password is not sent without encryption."
            )
        return SmtpLogin(self.alert_smtp_user, password)

    def _apprise(self) -> list["Channel"]:
        from cdp_etl.alerts.channels.apprise import apprise_channels

        field = "alert_urls" if self.alert_urls is not None else "alert_urls_file"
        urls = _secret(self.alert_urls, self.alert_urls_file, "alert_urls_file")
        return [] if urls is None else [*apprise_channels(urls.get_secret_value().split(), variable(field))]


def _secret(value: SecretStr | None, file: Path | None, field: str) -> SecretStr | None:
    """Return a secret from its setting, otherwise from the file that is named for it."""
    if value is not None or file is None:
        return value
    try:
        return SecretStr(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ChannelConfigError(f"{variable(field)}: {file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ChannelConfigError(f"{variable(field)}: {file} is not text in UTF-8.") from None

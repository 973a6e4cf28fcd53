"""The settings of what is told to people and machines beside the data: alerts, logs, metrics.

Put here what an operator may choose of these; all other settings stand in `declaration.py`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from cdp_etl.alerts import Installation, Receiver, ReceiverConfigError, SmtpReceiver, WebhookReceiver
from cdp_etl.alerts.channels.smtp import Login
from cdp_etl.alerts.message import RunLinks
from cdp_etl.contract.entity import Entity
from cdp_etl.settings.env_source import variable
from cdp_etl.settings.types import ClockTime, Hours, Names, Place, Port


class SignalSettings(BaseSettings):
    """Alerts, logs and metrics; each receiver is off until its first setting is there."""

    # Who is told what is wrong
    alert_name: str = Field(default="cdp_etl", description="What this installation calls itself in alerts.")
    alert_webhook_url: SecretStr | None = Field(
        default=None, description="Address that alerts are posted to, as Slack's incoming webhooks take them."
    )
    alert_webhook_url_file: Place | None = Field(default=None, description="File that holds that address.")
    alert_smtp_host: str | None = Field(default=None, description="Server that alerts are mailed by.")
    alert_smtp_port: Port = Field(default=587, description="Its port.")
    alert_smtp_encryption: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to it is encrypted; a login needs it encrypted."
    )
    alert_smtp_user: str | None = Field(default=None, description="Who logs in there; nobody where not set.")
    alert_smtp_password: SecretStr | None = Field(default=None, description="That user's password.")
    alert_smtp_password_file: Place | None = Field(default=None, description="File that holds that password.")
    alert_from: str | None = Field(default=None, description="Address that alerts are mailed from.")
    alert_to: Names = Field(
        default=frozenset(), description="Addresses that they are mailed to, with commas between them."
    )
    alert_deadline: ClockTime = Field(
        default="36:00",
        description="How long after its dump date begins, in the dump time zone, an expected dump is missed where "
        "it is not loaded; 36:00 is noon of the next day.",
    )
    alert_deadline_by_entity: dict[str, ClockTime] = Field(
        default_factory=dict, description="That deadline for one entity."
    )
    alert_stale_hours: Hours = Field(
        default=3, description="How many hours marts and snapshot may lag behind a load before that is told."
    )
    alert_runbook: str = Field(
        default="docs/operations.md", description="Where people read docs/operations.md: a path or a URL."
    )
    ui_url: str = Field(
        default="", description="Address of the Dagster UI as people reach it; alerts link runs there where set."
    )

    # What is told to machines
    log_format: Literal["text", "json"] = Field(
        default="text", description="json: progress, errors and runs as one JSON object a line on standard error."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least that these lines tell of."
    )
    metrics_file: Place | None = Field(
        default=None,
        description="File that metrics are written to, for node_exporter's textfile collector: it ends in .prom.",
    )


class SignalValues(SignalSettings):
    """The values that alerts are sent by."""

    def installation(self) -> Installation:
        """Give who speaks in an alert."""
        return Installation(self.alert_name, self.alert_runbook)

    def run_links(self) -> RunLinks:
        """Give where a run is looked at."""
        return RunLinks(self.ui_url)

    def deadline(self, entity: Entity) -> timedelta:
        """Give how long after its dump date begins a dump of the entity is missed."""
        hours, minutes = self.alert_deadline_by_entity.get(entity.table, self.alert_deadline).split(":")
        return timedelta(hours=int(hours), minutes=int(minutes))

    def receivers(self) -> list[Receiver]:
        """Give who is told; nobody where no receiver is set.

        Raises:
            ReceiverConfigError: settings of one are missing, or a file that they name cannot be read.
        """
        return [*self._webhook(), *self._smtp()]

    def _webhook(self) -> list[Receiver]:
        url = _secret(self.alert_webhook_url, self.alert_webhook_url_file, "alert_webhook_url_file")
        if url is None:
            return []
        if not url.get_secret_value().startswith(("https://", "http://")):
            raise ReceiverConfigError(
                f"{variable('alert_webhook_url')}: expected an address that begins with https:// or http://."
            )
        return [WebhookReceiver(url)]

    def _smtp(self) -> list[Receiver]:
        if self.alert_smtp_host is None:
            return []
        if self.alert_from is None or not self.alert_to:
            raise ReceiverConfigError(
                f"{variable('alert_smtp_host')} is set; {variable('alert_from')} and {variable('alert_to')}"
                " must be too."
            )
        return [
            SmtpReceiver(
                host=self.alert_smtp_host,
                port=self.alert_smtp_port,
                encryption=self.alert_smtp_encryption,
                sender=self.alert_from,
                recipients=sorted(self.alert_to),
                login=self._login(),
            )
        ]

    def _login(self) -> Login | None:
        password = _secret(self.alert_smtp_password, self.alert_smtp_password_file, "alert_smtp_password_file")
        if self.alert_smtp_user is None:
            return None
        if password is None:
            raise ReceiverConfigError(
                f"{variable('alert_smtp_user')} is set; {variable('alert_smtp_password')} or its file must be too."
            )
        if self.alert_smtp_encryption == "none":
            raise ReceiverConfigError(
                f"{variable('alert_smtp_encryption')}: a password is not sent without encryption."
            )
        return Login(self.alert_smtp_user, password)


def _secret(value: SecretStr | None, file: Path | None, field: str) -> SecretStr | None:
    """Give a secret from its setting, or else from the file that is named for it."""
    if value is not None or file is None:
        return value
    try:
        return SecretStr(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ReceiverConfigError(f"{variable(field)}: {file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ReceiverConfigError(f"{variable(field)}: {file} is not text in UTF-8.") from None

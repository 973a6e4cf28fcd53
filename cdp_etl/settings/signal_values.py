"""How the settings of alerts, logs and metrics become the values that these take.

Put here the translation from choices to values; what may be chosen stands in `signals.py`.
"""

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from cdp_etl.alerts import Installation, Receiver, ReceiverConfigError, SmtpReceiver, WebhookReceiver
from cdp_etl.alerts.channels.smtp import Login
from cdp_etl.alerts.runs import RunLinks
from cdp_etl.contract.entity import Entity
from cdp_etl.settings.env_source import variable
from cdp_etl.settings.observability import SignalSettings


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

"""The settings of what is told to people and machines beside the data: alerts, logs, metrics.

Put here what an operator may choose of these; all other settings stand in `declaration.py`.
"""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

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

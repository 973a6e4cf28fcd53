"""How the settings become the values that the stages take.

Put here the translation from choices to values. What may be chosen stands in `declaration.py`; what a stage does
with a value stands with the stage.
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cdp_etl.alerts import read_memory
from cdp_etl.alerts.findings.dumps import Deadline, Expectation
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import Rules
from cdp_etl.entities import ENTITIES
from cdp_etl.landing import (
    AwsCredentials,
    DecryptionKey,
    DeliveryCalendar,
    ObjectStoreOptions,
    PullRules,
    Retention,
    SftpOptions,
    Zone,
    ZoneOptions,
    open_zone,
)
from cdp_etl.marts.settings import AFFINITY_WEIGHTS, MartSettings
from cdp_etl.metrics import Measured, Observations
from cdp_etl.normalize import ExpansionBound
from cdp_etl.report import ReportOptions
from cdp_etl.settings.env_source import SettingsError, variable
from cdp_etl.settings.fields import DeclaredSettings
from cdp_etl.settings.observability import SignalValues
from cdp_etl.warehouse import Warehouse


class Settings(SignalValues, DeclaredSettings):
    """The settings; `load_settings` makes them, and says in a sentence what is wrong with one."""

    @property
    def archive(self) -> Path:
        """The raw archive."""
        return self.data / "archive"

    @property
    def lake(self) -> Path:
        """The normalized lake."""
        return self.data / "lake"

    @property
    def published(self) -> Path:
        """The folder of the published snapshot."""
        return self.data / "published"

    @property
    def reports(self) -> Path:
        """The folder of the daily reports."""
        return self.data / "reports"

    @property
    def alerts(self) -> Path:
        """The folder of what was told to whom."""
        return self.data / "alerts"

    @property
    def instance_folder(self) -> Path:
        """Dagster's own folder: runs, events, schedules."""
        return self.dagster_home or self.data / "dagster"

    def rules(self) -> Rules:
        """Give the settings that bear on what a record becomes."""
        return Rules(
            default_company=self.default_company,
            customer_id_scope=self.customer_id_scope,
            phone_region=self.phone_region,
            epoch_is_utc=self.epoch_is_utc,
            business_timezone=self.business_timezone,
            max_record_bytes=self.max_record_bytes,
        )

    def mart_settings(self) -> MartSettings:
        """Give the settings that bear on what the marts hold."""
        return MartSettings(
            max_customers_per_identifier=self.max_customers_per_identifier,
            identifier_denylist=tuple(sorted(self.identifier_denylist)),
            affinity_weights={**AFFINITY_WEIGHTS, **self.affinity_weights},
            affinity_half_life_days=self.affinity_half_life_days,
            affinity_low_rating=self.affinity_low_rating,
        )

    def open_warehouse(self) -> Warehouse:
        """Give the warehouse; nothing is opened yet."""
        return Warehouse(
            path=self.warehouse or self.data / "warehouse" / "cdp.duckdb",
            lock_timeout_seconds=self.lock_timeout_seconds,
            memory_limit=self.memory_limit,
            threads=self.threads or os.cpu_count() or 1,
            business_timezone=self.business_timezone,
            lock_waited=self.observations.lock_waited,
        )

    @property
    def observations(self) -> Observations:
        """Give where durations are kept."""
        return Observations(self.data / "metrics" / "durations.sqlite")

    def measured(self) -> Measured:
        """Give what the metrics are measured on."""
        return Measured(
            warehouse=self.open_warehouse(),
            entities=ENTITIES,
            expectation=self.expectation(),
            lake=self.lake,
            archive=self.archive,
            published=self.published,
            observations=self.observations,
            memory=read_memory(self.alerts),
        )

    def zone(self, entity: Entity) -> Zone:
        """Give the landing zone of an entity; nothing is connected yet.

        Raises:
            ZoneConfigError: the location or the template is not valid.
        """
        location = self.landing_by_entity.get(entity.table) or self.landing or str(self.data / "landing")
        options = ZoneOptions(
            object_store=ObjectStoreOptions(
                endpoint=self.object_store_endpoint,
                region=self.object_store_region,
                anonymous=self.object_store_anonymous,
                aws=AwsCredentials(self.aws_profile, self.aws_shared_credentials_file, self.aws_config_file),
            ),
            sftp=SftpOptions(
                key_file=self.sftp_key_file,
                passphrase=self.sftp_passphrase,
                password=self.sftp_password,
                known_hosts=self.sftp_known_hosts,
            ),
            parallel_files=self.parallel_files,
        )
        return open_zone(location, template=self.landing_template, options=options)

    def pull_rules(self, *, accept_removal: bool, deep: bool) -> PullRules:
        """Give what a pull may do."""
        return PullRules(
            stability_seconds=self.stability_seconds,
            accept_removal=accept_removal,
            deep=deep,
            decryption=DecryptionKey(
                self.decryption_key_file,
                self.decryption_passphrase,
                self.max_expansion,
                self.max_unpacked_bytes,
            )
            if self.decryption_key_file
            else None,
            lock_wait_seconds=self.lock_timeout_seconds,
        )

    def calendar(self, entity: Entity) -> DeliveryCalendar:
        """Give on which days a dump of the entity is expected."""
        return DeliveryCalendar(
            self.delivery_weekdays_by_entity.get(entity.table, self.delivery_weekdays),
            self.delivery_holidays | self.delivery_holidays_by_entity.get(entity.table, frozenset()),
        )

    def expectation(self) -> Expectation:
        """Give which dumps are to be there by when."""
        return Expectation(
            deadlines=tuple(Deadline(entity, self.calendar(entity), self.deadline(entity)) for entity in ENTITIES),
            first=self.first_dump_date,
            lookback_days=self.lookback_days,
            timezone=self.dump_timezone,
        )

    def expansion_bound(self) -> ExpansionBound:
        """Give how far a compressed file may expand."""
        return ExpansionBound(ratio=self.max_expansion, bytes=self.max_unpacked_bytes)

    def retention(self) -> Retention:
        """Give how long the raw archive keeps what was pulled."""
        return Retention(keep_days=self.keep_days, keep_superseded_days=self.keep_superseded_days)

    def report_options(self, dump_date: date) -> ReportOptions:
        """Give what the report of a day is judged by."""
        return ReportOptions(
            expected=tuple(entity for entity in ENTITIES if self.calendar(entity).expects(dump_date)),
            unusual_quarantine_rate=self.unusual_quarantine_rate,
        )

    def quarantine_limit(self, entity: Entity) -> float:
        """Give the share of quarantined records above which a dump of the entity is refused."""
        return self.max_quarantine_rate_by_entity.get(entity.table, self.max_quarantine_rate)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment and `.env`; an override, by field name, wins over both.

    Raises:
        SettingsError: one or more are wrong or unknown; one sentence names each.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(details) for details in error.errors())) from None


def _sentence(details: ErrorDetails) -> str:
    field, *entity = details["loc"]
    name = variable(str(field)).replace("<ENTITY>", str(entity[0]).upper() if entity else "<ENTITY>")
    fact = details["msg"].removeprefix("Value error, ")
    return f"{name}: {fact[0].lower()}{fact[1:]}"

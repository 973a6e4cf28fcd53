"""Conversion of settings to the values that the stages accept.

Packages are imported in the methods that need them: a command such as `cdp-etl settings` then starts without
numba, botocore, asyncssh, DuckDB and polars. A test holds this.
"""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cdp_etl.alerts.findings.expectation import Deadline, Expectation
from cdp_etl.contract.delivery_calendar import DeliveryCalendar
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.placeholders import DEFAULT_PLACEHOLDERS
from cdp_etl.entities import ENTITIES
from cdp_etl.file_modes import Readers
from cdp_etl.marts.settings import AFFINITY_WEIGHTS, MartSettings
from cdp_etl.report.options import ReportOptions
from cdp_etl.settings.env_source import SettingsError, variable
from cdp_etl.settings.fields import PipelineSettings
from cdp_etl.settings.observability import ObservabilitySettings
from cdp_etl.settings.types import group_id
from cdp_etl.vocabulary import Vocabulary, load_vocabulary

if TYPE_CHECKING:
    from cdp_etl.landing import PullRules, Retention, Zone
    from cdp_etl.marts.snapshot.publication import PublishRules
    from cdp_etl.metrics import DurationStore, MetricsSources
    from cdp_etl.normalize import ExpansionBound
    from cdp_etl.warehouse import Warehouse


class Settings(ObservabilitySettings, PipelineSettings):
    """All settings. `load_settings` reads them and reports errors as SettingsError."""

    @property
    def archive(self) -> Path:
        """Folder of the raw archive."""
        return self.data / "archive"

    @property
    def lake(self) -> Path:
        """Folder of the normalized lake."""
        return self.data / "lake"

    @property
    def published(self) -> Path:
        """Folder of the published snapshot."""
        return self.data / "published"

    @property
    def reports(self) -> Path:
        """Folder of the daily reports."""
        return self.data / "reports"

    @property
    def alerts(self) -> Path:
        """Folder of the notification state of alerts."""
        return self.data / "alerts"

    @property
    def instance_folder(self) -> Path:
        """Dagster's home folder: runs, events, schedules."""
        return self.dagster_home or self.data / "dagster"

    def today(self) -> date:
        """Return the current date in the dump time zone."""
        return datetime.now(UTC).astimezone(ZoneInfo(self.dump_timezone)).date()

    def landing_folders(self) -> list[Path]:
        """Return the folders of this machine that are landing zones; other programs write to them."""
        locations = (str(self.data / "landing"), self.landing, *self.landing_by_entity.values())
        paths = [unquote(location.removeprefix("file://")) if location else "" for location in locations]
        return [Path(path).absolute() for path in paths if path and "://" not in path]

    def readers(self) -> Readers:
        """Return the group that may read what is published."""
        return Readers(None if self.readers_group is None else group_id(self.readers_group))

    def normalization_settings(self) -> NormalizationSettings:
        """Return the settings that normalization depends on."""
        return NormalizationSettings(
            default_company=self.default_company,
            customer_id_scope=self.customer_id_scope,
            phone_region=self.phone_region,
            old_vietnamese_prefixes=self.old_vietnamese_prefixes,
            epoch_is_utc=self.epoch_is_utc,
            placeholders=DEFAULT_PLACEHOLDERS | self.placeholders,
            business_timezone=self.business_timezone,
            max_record_bytes=self.max_record_bytes,
            max_record_keys=self.max_record_keys,
            max_distinct_counted=self.max_distinct_counted,
        )

    def vocabulary(self) -> Vocabulary:
        """Return the meaning of words of events and actions.

        Raises:
            VocabularyError: If the profile cannot be read or is not valid.
        """
        return load_vocabulary(self.vocabulary_profile)

    def mart_settings(self) -> MartSettings:
        """Return the settings that the rows of the marts depend on.

        Raises:
            VocabularyError: If the profile cannot be read or is not valid.
            SegmentsInvalidError: If the segments cannot be read or are not valid.
        """
        return MartSettings(
            max_customers_per_identifier=self.max_customers_per_identifier,
            identifier_denylist=tuple(sorted(self.identifier_denylist)),
            affinity_weights={**AFFINITY_WEIGHTS, **self.affinity_weights},
            affinity_half_life_days=self.affinity_half_life_days,
            affinity_low_rating=self.affinity_low_rating,
            purchase_actions=tuple(sorted(self.purchase_actions)),
            refund_actions=tuple(sorted(self.refund_actions)),
            attribution_days=self.attribution_days,
            attribution_touches=tuple(sorted(self.attribution_touches)),
            attribution_model=self.attribution_model,
            session_minutes=self.session_minutes,
            bought_together_days=self.bought_together_days,
            pair_min_baskets=self.pair_min_baskets,
            segments=self._segment_conditions(),
            action_types=self.vocabulary().action_types,
        )

    def _segment_conditions(self) -> Mapping[str, str]:
        if self.segments is None:
            return {}
        from cdp_etl.marts.models.segment_conditions import load_segments

        return load_segments(self.segments)

    def publish_rules(self) -> "PublishRules":
        """Return what the snapshot shows."""
        from cdp_etl.marts.snapshot.publication import PublishRules

        return PublishRules(
            key_file=self.pseudonym_key_file or self.data / "keys" / "pseudonym",
            creates_key=self.pseudonym_key_file is None,
            has_personal_data=self.publish_personal_data,
            has_pseudonymous_customer_ids=self.publish_customer_ids == "pseudonyms",
            readers=self.readers(),
            max_portable_bytes=self.publish_max_portable_bytes,
        )

    def open_warehouse(self) -> "Warehouse":
        """Return the warehouse; the file is not opened yet."""
        from cdp_etl.warehouse import Warehouse

        return Warehouse(
            path=self.warehouse or self.data / "warehouse" / "cdp.duckdb",
            lock_timeout_seconds=self.lock_timeout_seconds,
            memory_limit=self.memory_limit,
            threads=self.threads or os.cpu_count() or 1,
            business_timezone=self.business_timezone,
            phone_region=self.phone_region,
            on_lock_wait=self.durations.add_lock_wait,
            lake=self.lake,
            vocabulary=self.vocabulary(),
        )

    @property
    def durations(self) -> "DurationStore":
        """Store of measured durations."""
        from cdp_etl.metrics import DurationStore

        return DurationStore(self.data / "metrics" / "durations.sqlite")

    def metrics_sources(self) -> "MetricsSources":
        """Return what the metrics are computed from."""
        from cdp_etl.alerts.notification_state import read_state
        from cdp_etl.metrics import MetricsSources

        return MetricsSources(
            warehouse=self.open_warehouse(),
            entities=ENTITIES,
            expectation=self.expectation(),
            lake=self.lake,
            archive=self.archive,
            published=self.published,
            durations=self.durations,
            notification_state=read_state(self.alerts),
        )

    def zone(self, entity: Entity) -> "Zone":
        """Return the landing zone of an entity; no connection is opened yet.

        Raises:
            ZoneConfigError: If the location or the template is not valid.
        """
        from cdp_etl.landing import (
            AwsCredentials,
            ObjectStoreOptions,
            SftpOptions,
            ZoneLimits,
            ZoneOptions,
            open_zone,
        )

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
            limits=ZoneLimits(
                entries=self.max_listing_entries,
                depth=self.max_listing_depth,
                files=self.max_files,
                connect_seconds=self.connect_seconds,
                stall_seconds=self.stall_seconds,
            ),
        )
        return open_zone(self._zone_location(entity), template=self.landing_template, options=options)

    def zone_name(self, entity: Entity) -> str | None:
        """Return the first entity with the same landing zone, by its table; None for the zone of all entities."""
        location = self._zone_location(entity)
        if location == (self.landing or str(self.data / "landing")):
            return None
        return next(other.table for other in ENTITIES if self._zone_location(other) == location)

    def entities_by_zone(self) -> dict[str | None, list[Entity]]:
        """Return the entities of each landing zone, by `zone_name`."""
        zones: dict[str | None, list[Entity]] = {}
        for entity in ENTITIES:
            zones.setdefault(self.zone_name(entity), []).append(entity)
        return zones

    def _zone_location(self, entity: Entity) -> str:
        return self.landing_by_entity.get(entity.table) or self.landing or str(self.data / "landing")

    def pull_rules(self, *, accept_removal: bool, full_rescan: bool) -> "PullRules":
        """Return the rules of a pull."""
        from cdp_etl.landing import DecryptionKey, PullRules

        return PullRules(
            stability_seconds=self.stability_seconds,
            accept_removal=accept_removal,
            full_rescan=full_rescan,
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
        """Return the calendar of the entity's expected dumps."""
        return DeliveryCalendar(
            self.delivery_weekdays_by_entity.get(entity.table, self.delivery_weekdays),
            self.delivery_holidays | self.delivery_holidays_by_entity.get(entity.table, frozenset()),
        )

    def expectation(self) -> Expectation:
        """Return the expected dumps with their deadlines."""
        return Expectation(
            deadlines=tuple(Deadline(entity, self.calendar(entity), self.deadline(entity)) for entity in ENTITIES),
            first=self.first_dump_date,
            lookback_days=self.lookback_days,
            timezone=self.dump_timezone,
        )

    def expansion_bound(self) -> "ExpansionBound":
        """Return the limits of unpacking a compressed file."""
        from cdp_etl.normalize import ExpansionBound

        return ExpansionBound(ratio=self.max_expansion, bytes=self.max_unpacked_bytes)

    def retention(self) -> "Retention":
        """Return the retention of the raw archive."""
        from cdp_etl.landing import Retention

        return Retention(keep_days=self.keep_days, keep_superseded_days=self.keep_superseded_days)

    def report_options(self, dump_date: date) -> ReportOptions:
        """Return the options of the report of a dump date."""
        return ReportOptions(
            expected=tuple(entity for entity in ENTITIES if self.calendar(entity).expects(dump_date)),
            unusual_quarantine_rate=self.unusual_quarantine_rate,
        )

    def quarantine_limit(self, entity: Entity) -> float:
        """Return the share of quarantined records above which a dump of the entity is refused."""
        return self.max_quarantine_rate_by_entity.get(entity.table, self.max_quarantine_rate)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment and `.env`. Overrides, by field name, have precedence over both.

    Raises:
        SettingsError: If a setting is invalid or unknown; one sentence for each.
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

"""What an operator may choose, with meaning and default, and the values that the stages take.

Put here a setting's declaration and how it becomes a value of a stage. How variables are read stands in
`variables.py`; what a stage does with a value stands with the stage.
"""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.rules import Rules
from cdp_etl.landing import ObjectStoreOptions, PullRules, SftpOptions, Zone, ZoneOptions, open_zone
from cdp_etl.marts.settings import MartSettings
from cdp_etl.settings.variables import SettingsError, Variables, variable
from cdp_etl.warehouse import Warehouse


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("expected an IANA time zone such as Asia/Ho_Chi_Minh") from None
    return name


def _known_region(name: str) -> str:
    if name not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("expected a region in two capitals such as VN")
    return name


def _comma_separated(value: Any) -> Any:
    return (
        frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Region = Annotated[str, AfterValidator(_known_region)]
Names = Annotated[frozenset[str], BeforeValidator(_comma_separated)]
Place = Annotated[Path, AfterValidator(Path.absolute)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
MemorySize = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?\s?(MB|GB|TB|MiB|GiB|TiB)$")]


class Settings(BaseSettings):
    """The settings; `load_settings` makes them, and says in a sentence what is wrong with one."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    # Places
    data: Place = Field(
        default=Path("data"), validate_default=True, description="Folder that holds all that the pipeline makes."
    )
    landing: str = Field(
        default="", description="Landing zone that dumps come from; <data>/landing where not set."
    )
    landing_by_entity: dict[str, str] = Field(default_factory=dict, description="Landing zone of one entity.")
    landing_template: str = Field(
        default="{entity}/{date}/", description="Where in the zone the dump of an entity and a day lies."
    )
    warehouse: Place | None = Field(
        default=None, description="The warehouse's DuckDB file; <data>/warehouse/cdp.duckdb where not set."
    )
    dagster_home: Place | None = Field(
        default=None, description="Dagster's own folder (its variable, not ours); <data>/dagster where not set."
    )

    # How a remote landing zone is reached
    object_store_endpoint: str | None = Field(
        default=None, description="URL of an S3- or Azure-compatible server; the provider's own where not set."
    )
    object_store_region: str | None = Field(default=None, description="Region of the bucket.")
    object_store_anonymous: bool = Field(
        default=False, description="Whether a bucket is read without credentials."
    )
    sftp_key_file: Place | None = Field(default=None, description="Private key to log in with.")
    sftp_passphrase: SecretStr | None = Field(default=None, description="What opens the private key.")
    sftp_password: SecretStr | None = Field(default=None, description="For servers that take no keys.")
    sftp_known_hosts: Place | None = Field(
        default=None, description="Known hosts in OpenSSH's form; ~/.ssh/known_hosts where not set."
    )
    parallel_files: Annotated[int, Field(ge=1)] = Field(
        default=8, description="How many files of a dump are pulled at a time."
    )

    # What a record becomes: each of these is part of a load's fingerprint
    phone_region: Region = Field(default="VN", description="Region of phone numbers without a country code.")
    epoch_is_utc: Names = Field(
        default=frozenset(),
        description="systemNames, with commas between them, whose epoch milliseconds are UTC and are not shifted.",
    )
    default_company: str = Field(default="", description="Company of records without internalCompanyId.")
    customer_id_scope: Literal["company", "system"] = Field(
        default="company",
        description="Whether a customerId means one person in a company, or in one system of it.",
    )
    business_timezone: TimeZone = Field(
        default="UTC", description="Time zone whose calendar day is an event's activity_date."
    )
    max_record_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=16 * 1024 * 1024, description="Longest record that is read, in bytes."
    )

    # When dumps come, and which are refused
    first_dump_date: date = Field(default=date(2026, 1, 1), description="First day that a dump can be of.")
    dump_timezone: TimeZone = Field(default="UTC", description="Time zone in which a dump date begins and ends.")
    schedule: str = Field(
        default="0 6 * * *", description="When yesterday's dumps are loaded, as cron, in the dump time zone."
    )
    settle_seconds: Seconds = Field(
        default=0,
        description="How long a dump's sizes must stand still where it has neither manifest nor marker.",
    )
    max_quarantine_rate: Share = Field(
        default=0.5, description="Share of quarantined records above which a dump is refused."
    )
    max_quarantine_rate_by_entity: dict[str, Share] = Field(
        default_factory=dict, description="That share for one entity."
    )
    unusual_quarantine_rate: Share = Field(
        default=0.1, description="Share of quarantined records above which a check warns."
    )

    # What readers are given
    publish_personal_data: bool = Field(
        default=False,
        description="Whether names, phones, e-mails, addresses and IPs are in the published snapshot.",
    )

    # Resources
    memory_limit: MemorySize = Field(default="2GiB", description="Memory that DuckDB may use.")
    threads: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Threads that DuckDB may use; 0: all cores."
    )
    lock_timeout_seconds: Seconds = Field(
        default=600, description="How long to wait for another process that holds the warehouse."
    )
    batch_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        default=64 * 1024 * 1024, description="How much of a dump is in memory at a time, in bytes."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class hands it in
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then variables; nothing else."""
        return init_settings, Variables(settings_cls)

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
        return MartSettings()

    def open_warehouse(self) -> Warehouse:
        """Give the warehouse; nothing is opened yet."""
        return Warehouse(
            path=self.warehouse or self.data / "warehouse" / "cdp.duckdb",
            lock_timeout_seconds=self.lock_timeout_seconds,
            memory_limit=self.memory_limit,
            threads=self.threads or os.cpu_count() or 1,
            business_timezone=self.business_timezone,
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
            settle_seconds=self.settle_seconds,
            accept_removal=accept_removal,
            deep=deep,
            lock_wait_seconds=self.lock_timeout_seconds,
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

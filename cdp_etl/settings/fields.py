"""Every setting: its name, its meaning, its default.

Put here what an operator may choose. What kinds of value there are stands in `kinds.py`, how a choice becomes a
value that a stage takes in `model.py`.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cdp_etl.contract.delivery_calendar import WEEKDAYS
from cdp_etl.marts.settings import AFFINITY_WEIGHTS
from cdp_etl.settings.env_source import Variables
from cdp_etl.settings.types import (
    Count,
    Days,
    MemorySize,
    Names,
    Place,
    Region,
    Seconds,
    Share,
    TimeZone,
    Weekdays,
    Weights,
)


class DeclaredSettings(BaseSettings):
    """The settings as they are declared; the stages are given the values that `Settings` makes of them."""

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
    aws_profile: str | None = Field(
        default=None, description="Section of AWS's files (AWS's variable); `default` where not set."
    )
    aws_shared_credentials_file: Place | None = Field(
        default=None, description="AWS's credentials file (AWS's variable); ~/.aws/credentials where not set."
    )
    aws_config_file: Place | None = Field(
        default=None, description="AWS's config file (AWS's variable); ~/.aws/config where not set."
    )
    parallel_files: Count = Field(default=8, description="How many files of a dump are pulled at a time.")

    decryption_key_file: Place | None = Field(
        default=None, description="Private OpenPGP key that partners encrypt for."
    )
    decryption_passphrase: SecretStr | None = Field(default=None, description="What opens that key.")
    max_expansion: Count = Field(
        default=200, description="How many times its size a compressed or encrypted file may unpack to."
    )
    max_unpacked_bytes: Count = Field(
        default=1 << 40, description="How many bytes one compressed file may unpack to."
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
    lookback_days: Annotated[int, Field(ge=0)] = Field(
        default=7,
        description="For how many days back late and corrected dumps are looked for without being asked.",
    )
    poll_interval_seconds: Count = Field(
        default=300, description="How often late and corrected dumps are looked for; each look lists the zone."
    )
    mart_refresh_interval_seconds: Count = Field(
        default=60, description="How often it is seen to whether the marts lack a load."
    )
    stability_seconds: Seconds = Field(
        default=0,
        description="How long a dump's sizes must stand still where it has neither manifest nor marker.",
    )
    delivery_weekdays: Weekdays = Field(
        default=frozenset(WEEKDAYS),
        description=f"Weekdays of which a dump is expected: {','.join(WEEKDAYS)}, some of them, or none.",
    )
    delivery_weekdays_by_entity: dict[str, Weekdays] = Field(
        default_factory=dict, description="Those weekdays for one entity."
    )
    delivery_holidays: Days = Field(
        default=frozenset(), description="Dump dates of which none is expected: 2026-12-25,2027-01-01."
    )
    delivery_holidays_by_entity: dict[str, Days] = Field(
        default_factory=dict, description="Those dates for one entity, beside those of all."
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

    # What is kept of what was pulled
    keep_days: Count | None = Field(
        default=None, description="How many days of dumps the raw archive keeps; for ever where not set."
    )
    keep_superseded_days: Count | None = Field(
        default=None,
        description="How many days earlier deliveries of a dump, and what was made of them, are kept; "
        "for ever where not set.",
    )

    # What the marts hold: a change rebuilds those that it bears on
    max_customers_per_identifier: Count = Field(
        default=5, description="An identifier that occurs with more others of a kind than this links nobody."
    )
    identifier_denylist: Names = Field(
        default=frozenset(),
        description="Identifiers that link nobody, with commas between them: c:GUEST,p:+84900000000.",
    )
    affinity_half_life_days: Annotated[float, Field(gt=0)] = Field(
        default=30, description="After how many days an action counts for half in the affinity score."
    )
    affinity_low_rating: int = Field(default=2, description="The highest rating that lowers the affinity score.")
    affinity_weights: Weights = Field(
        default_factory=dict,
        description="What an action adds to the affinity score, where not the default: purchase=12,wishlist=4. "
        f"Defaults: {', '.join(f'{name}={weight:g}' for name, weight in AFFINITY_WEIGHTS.items())}.",
    )

    # What readers are given
    publish_personal_data: bool = Field(
        default=False,
        description="Whether names, phones, e-mails, addresses and IPs are in the published snapshot.",
    )

    # Resources
    memory_limit: MemorySize = Field(default="2GiB", description="Memory that the warehouse's DuckDB may use.")
    threads: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Threads that DuckDB may use; 0: all cores."
    )
    lock_timeout_seconds: Seconds = Field(
        default=600, description="How long to wait for another process that holds the warehouse."
    )
    batch_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        default=32 * 1024 * 1024, description="How much of a dump each core works on at a time, in bytes."
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

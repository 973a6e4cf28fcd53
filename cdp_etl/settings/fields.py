"""Settings of the pipeline: name, meaning and default of each.

`observability.py` has those of alerts, logs and metrics.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cdp_etl.contract.delivery_calendar import WEEKDAYS
from cdp_etl.contract.placeholders import DEFAULT_PLACEHOLDERS
from cdp_etl.marts.settings import AFFINITY_WEIGHTS, ATTRIBUTION_TOUCHES, PURCHASE_ACTIONS, REFUND_ACTIONS
from cdp_etl.settings.env_source import EnvironmentSource
from cdp_etl.settings.types import (
    AbsolutePath,
    ActionTypes,
    Count,
    Dates,
    MemorySize,
    Names,
    Placeholders,
    PositiveSeconds,
    ReadersGroup,
    Region,
    Seconds,
    Share,
    TimeZone,
    TouchTypes,
    Weekdays,
    Weights,
)


class PipelineSettings(BaseSettings):
    """Settings of the pipeline. `Settings` converts them to the values that the stages accept."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    # Locations
    data: AbsolutePath = Field(
        default=Path("data"), validate_default=True, description="Folder of everything that the pipeline writes."
    )
    landing: str = Field(
        default="", description="Landing zone that dumps are pulled from; <data>/landing if not set."
    )
    landing_by_entity: dict[str, str] = Field(default_factory=dict, description="Landing zone of one entity.")
    landing_template: str = Field(
        default="{entity}/{date}/", description="Path of an entity's dump of one date within the landing zone."
    )
    warehouse: AbsolutePath | None = Field(
        default=None, description="DuckDB file of the warehouse; <data>/warehouse/cdp.duckdb if not set."
    )
    dagster_home: AbsolutePath | None = Field(
        default=None, description="Dagster's home folder (Dagster's own variable); <data>/dagster if not set."
    )

    readers_group: ReadersGroup | None = Field(
        default=None,
        description="Group, by name or number, that may read published/, reports/ and the metrics file; only the"
        " owner if not set.",
    )

    # Access to a remote landing zone
    object_store_endpoint: str | None = Field(
        default=None, description="URL of an S3- or Azure-compatible server; the provider's own if not set."
    )
    object_store_region: str | None = Field(default=None, description="Region of the bucket.")
    object_store_anonymous: bool = Field(
        default=False, description="Whether a bucket is read without credentials."
    )
    sftp_key_file: AbsolutePath | None = Field(default=None, description="Private key for the SFTP login.")
    sftp_passphrase: SecretStr | None = Field(default=None, description="Passphrase of the SFTP private key.")
    sftp_password: SecretStr | None = Field(
        default=None, description="Password for SFTP servers that accept no keys."
    )
    sftp_known_hosts: AbsolutePath | None = Field(
        default=None, description="Known hosts in OpenSSH's format; ~/.ssh/known_hosts if not set."
    )
    aws_profile: str | None = Field(
        default=None, description="Section of AWS's files (AWS's variable); `default` if not set."
    )
    aws_shared_credentials_file: AbsolutePath | None = Field(
        default=None, description="AWS's credentials file (AWS's variable); ~/.aws/credentials if not set."
    )
    aws_config_file: AbsolutePath | None = Field(
        default=None, description="AWS's config file (AWS's variable); ~/.aws/config if not set."
    )
    parallel_files: Count = Field(default=8, description="Number of files of a dump that are pulled in parallel.")

    decryption_key_file: AbsolutePath | None = Field(
        default=None, description="Private OpenPGP key that decrypts delivered files."
    )
    decryption_passphrase: SecretStr | None = Field(
        default=None, description="Passphrase of the private OpenPGP key."
    )
    max_expansion: Count = Field(
        default=200, description="Maximum ratio of unpacked to delivered size of a compressed or encrypted file."
    )
    max_unpacked_bytes: Count = Field(
        default=1 << 40, description="Maximum unpacked size of one compressed file, in bytes."
    )

    # Limits on what a partner may send: an ordinary dump is far below them
    connect_seconds: PositiveSeconds = Field(
        default=15, description="Seconds in which a landing zone must accept the connection and the login."
    )
    stall_seconds: PositiveSeconds = Field(
        default=60,
        description="Seconds in which a landing zone must answer a request, or send the next bytes or names.",
    )
    max_listing_entries: Count = Field(
        default=100_000, description="Maximum number of files and folders in one listing of a landing zone."
    )
    max_listing_depth: Count = Field(
        default=20, description="Maximum number of levels of subfolders in one listing of a landing zone."
    )
    max_files: Count = Field(default=10_000, description="Maximum number of data files of a dump.")
    max_columns: Count = Field(
        default=5_000,
        description="Maximum number of columns of a CSV or Parquet file; else the dump is refused.",
    )

    # Normalization: each of these is part of a load's fingerprint
    phone_region: Region = Field(default="VN", description="Region of phone numbers without a country code.")
    old_vietnamese_prefixes: bool = Field(
        default=True,
        description="Whether Vietnamese mobile numbers of 11 digits, as they were before 2018, get their new"
        " prefix: 0163… becomes +8433….",
    )
    epoch_is_utc: Names = Field(
        default=frozenset(),
        description="systemNames, separated by commas, whose epoch milliseconds are UTC and are not shifted.",
    )
    default_company: str = Field(default="", description="Company of records without internalCompanyId.")
    customer_id_scope: Literal["company", "system"] = Field(
        default="company",
        description="Whether a customerId identifies one person within a company, or within one system of it.",
    )
    placeholders: Placeholders = Field(
        default=frozenset(),
        description="Further values, separated by commas, that are nobody's customer id, e-mail address or phone:"
        " c:walk-in,e:*@shop.example,p:0900000000. Always placeholders: ids and phones of zeros only, "
        f"{', '.join(sorted(DEFAULT_PLACEHOLDERS))}.",
    )
    business_timezone: TimeZone = Field(
        default="UTC", description="Time zone whose calendar day is an event's activity_date."
    )
    max_record_bytes: Annotated[int, Field(ge=1024, le=512 * 1024 * 1024)] = Field(
        default=16 * 1024 * 1024,
        description="Maximum size of a record in bytes, up to 512 MiB; it may need 50 times as much memory.",
    )
    max_record_keys: Annotated[int, Field(ge=200)] = Field(
        default=10_000, description="Maximum number of keys of a record; a record with more is quarantined."
    )
    max_distinct_counted: Annotated[int, Field(ge=100)] = Field(
        default=1_000,
        description="Number of distinct unknown keys, and of distinct reasons, that are counted by name in a dump;"
        " further ones are counted together as `other`.",
    )

    # Schedule of dumps, and limits above which a dump is refused
    first_dump_date: date = Field(default=date(2026, 1, 1), description="First possible dump date.")
    dump_timezone: TimeZone = Field(default="UTC", description="Time zone in which a dump date begins and ends.")
    daemon: bool = Field(
        default=True,
        description="Whether Dagster's daemon runs here; false if cron runs `cdp-etl run` instead.",
    )
    schedule: str = Field(
        default="0 6 * * *", description="Cron time, in the dump time zone, of loading yesterday's dumps."
    )
    lookback_days: Annotated[int, Field(ge=0)] = Field(
        default=7,
        description="Number of past days whose late and corrected dumps are detected automatically.",
    )
    poll_interval_seconds: Count = Field(
        default=300,
        description="Interval in seconds between scans for late and corrected dumps; each scan lists the zone.",
    )
    mart_refresh_interval_seconds: Count = Field(
        default=60, description="Interval in seconds between checks for loads that the marts have not applied."
    )
    stability_seconds: Seconds = Field(
        default=0,
        description="Seconds for which the file sizes of a dump without manifest and marker must be unchanged.",
    )
    delivery_weekdays: Weekdays = Field(
        default=frozenset(WEEKDAYS),
        description=f"Weekdays of expected dump dates: {','.join(WEEKDAYS)}, some of them, or none.",
    )
    delivery_weekdays_by_entity: dict[str, Weekdays] = Field(
        default_factory=dict, description="Weekdays of expected dump dates of one entity."
    )
    delivery_holidays: Dates = Field(
        default=frozenset(), description="Dump dates on which no dump is expected: 2026-12-25,2027-01-01."
    )
    delivery_holidays_by_entity: dict[str, Dates] = Field(
        default_factory=dict, description="Such dump dates of one entity, in addition to those of all entities."
    )
    max_quarantine_rate: Share = Field(
        default=0.5, description="Share of quarantined records above which a dump is refused."
    )
    max_quarantine_rate_by_entity: dict[str, Share] = Field(
        default_factory=dict, description="Maximum share of quarantined records of one entity."
    )
    max_removed_share: Share | None = Field(
        default=None,
        description="Share of a dump's loaded records above which a delivery without them waits for"
        " --accept-removal; if not set, it is loaded, with a finding.",
    )
    unusual_quarantine_rate: Share = Field(
        default=0.1, description="Share of quarantined records above which a check warns."
    )

    # Retention of the raw archive
    keep_days: Count | None = Field(
        default=None, description="Number of days of dumps in the raw archive; unlimited if not set."
    )
    keep_superseded_days: Count | None = Field(
        default=None,
        description="Number of days for which earlier deliveries of a dump, and their normalized data, are kept;"
        " unlimited if not set.",
    )

    # Marts: a change rebuilds the marts that depend on the setting
    max_customers_per_identifier: Count = Field(
        default=5,
        description="An identifier that occurs with more others of one kind is excluded from identity matching.",
    )
    identifier_denylist: Names = Field(
        default=frozenset(),
        description="Identifiers excluded from identity matching, separated by commas: c:GUEST,p:+84900000000.",
    )
    affinity_half_life_days: Annotated[float, Field(gt=0)] = Field(
        default=30, description="Number of days after which an action counts half in the affinity score."
    )
    affinity_low_rating: int = Field(default=2, description="The highest rating that lowers the affinity score.")
    affinity_weights: Weights = Field(
        default_factory=dict,
        description="Weights of actions in the affinity score, if not the defaults: purchase=12,wishlist=4. "
        f"Defaults: {', '.join(f'{name}={weight:g}' for name, weight in AFFINITY_WEIGHTS.items())}.",
    )

    purchase_actions: ActionTypes = Field(
        default=frozenset(PURCHASE_ACTIONS), description="Action types that are purchases and add to revenue."
    )
    refund_actions: ActionTypes = Field(
        default=frozenset(REFUND_ACTIONS),
        description="Action types that are refunds and lower revenue: refund,cancel.",
    )

    attribution_days: Count = Field(
        default=7,
        description="Days of 24 hours after a touch in which a sale is attributed to its campaign.",
    )
    attribution_touches: TouchTypes = Field(
        default=frozenset(ATTRIBUTION_TOUCHES),
        description="Events that sales are attributed to: clicked, opened, or both; never those of machines.",
    )
    attribution_model: Literal["last_touch", "first_touch", "linear"] = Field(
        default="last_touch",
        description="Model of the attributed sales in the mart campaign: last_touch, first_touch or linear.",
    )

    session_minutes: Count = Field(
        default=30, description="Minutes between two interactions of a person from which on they are two sessions."
    )
    bought_together_days: Count = Field(
        default=1,
        description="Days of 24 hours between two purchases of a person from which on they are not together.",
    )
    pair_min_baskets: Count = Field(
        default=2, description="Number of baskets that a pair of products needs to be in the mart product_pair."
    )

    segments: AbsolutePath | None = Field(
        default=None,
        description="YAML file that declares segments: conditions over the mart customer; none if not set.",
    )

    vocabulary_profile: AbsolutePath | None = Field(
        default=None,
        description="TOML file that adds words of providers and shops, with the type of event or action that they"
        " mean, or gives words another type; the presets alone if not set.",
    )

    # Published data
    publish_personal_data: bool = Field(
        default=False,
        description="Whether the published snapshot contains names, phones, e-mails, addresses and IPs.",
    )
    publish_customer_ids: Literal["unchanged", "pseudonyms"] = Field(
        default="unchanged",
        description="Customer ids in the published snapshot: unchanged, except those that are phones or e-mail"
        " addresses; or pseudonyms only.",
    )
    pseudonym_key_file: Path | None = Field(
        default=None,
        description="File with the key of the pseudonyms, at least 32 bytes. If not set, the first publish creates"
        " keys/pseudonym in the data folder.",
    )
    publish_max_portable_bytes: Annotated[int, Field(ge=0)] = Field(
        default=4 * 1024**3,
        description="Size of the snapshot's Parquet files, in bytes, up to which published/cdp.duckdb contains the"
        " rows and opens from any path. Above it, the file has views on the Parquet files.",
    )

    # Resources
    memory_limit: MemorySize = Field(default="2GiB", description="Memory limit of the warehouse's DuckDB.")
    threads: Annotated[int, Field(ge=0)] = Field(default=0, description="Threads of DuckDB; 0 means all cores.")
    lock_timeout_seconds: Seconds = Field(
        default=600, description="Seconds to wait for another process that has locked the warehouse."
    )
    batch_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        default=32 * 1024 * 1024,
        description="Size of the batches into which a dump is split for the cores, in bytes.",
    )

    @field_validator("refund_actions")
    @classmethod
    def _no_refund_is_a_purchase(cls, names: frozenset[str], info: ValidationInfo) -> frozenset[str]:
        if names & info.data.get("purchase_actions", frozenset()):
            raise ValueError("expected no action type of CDP_ETL_PURCHASE_ACTIONS")
        return names

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - required by the base class
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources: arguments first, then variables."""
        return init_settings, EnvironmentSource(settings_cls)

"""Inputs of a load, as protocols, so that a load can be tested without landing and normalization.

`cdp_etl.normalize.NormalizedDump` and `cdp_etl.landing.DumpFile` implement them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from cdp_etl.contract.entity import Entity


class LoadableDump(Protocol):
    """A normalized dump in the lake: its Parquet files, and the counts that the tables must match."""

    @property
    def dump_date(self) -> date:
        """Day the source system delivered it."""

    @property
    def content_fingerprint(self) -> str:
        """Hash over its files, the rules and the settings that affect the result."""

    @property
    def rules_version(self) -> int:
        """Version of the rules that normalized it."""

    @property
    def bytes(self) -> int:
        """Total size of its files as delivered."""

    @property
    def records_read(self) -> int:
        """Records read: accepted + superseded + quarantined."""

    @property
    def accepted(self) -> int:
        """Records accepted."""

    @property
    def superseded(self) -> int:
        """Valid records whose key occurs again later in the dump."""

    @property
    def quarantined(self) -> int:
        """Quarantined records."""

    @property
    def with_warnings(self) -> int:
        """Accepted records with a warning."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """Number of quarantined records by reason."""

    @property
    def findings(self) -> Sequence[str]:
        """Findings about its files, keys and values."""

    @property
    def accepted_files(self) -> Sequence[Path]:
        """Parquet of `lake_columns`; empty if no record was accepted."""

    @property
    def superseded_files(self) -> Sequence[Path]:
        """Parquet of `lake_columns` with `by_file` and `by_position`; empty if there are no such records."""

    @property
    def quarantined_files(self) -> Sequence[Path]:
        """Parquet of `QUARANTINE_COLUMNS`; empty if there are no such records."""


FindDump = Callable[[Entity, date, str], LoadableDump | None]
"""Function that returns the normalized dump of an entity, a dump date and a content fingerprint, if it exists."""


class LoadedFile(Protocol):
    """A pulled file of a dump."""

    @property
    def path(self) -> str:
        """Path relative to the dump."""

    @property
    def bytes(self) -> int:
        """Size as delivered."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""

    @property
    def modified_at(self) -> datetime:
        """Modification time in the landing zone, UTC."""

    @property
    def pulled_at(self) -> datetime:
        """Time the file was pulled into the raw archive, UTC."""


@dataclass(frozen=True, slots=True)
class DumpDelivery:
    """A delivered dump of one entity, to be loaded.

    Attributes:
        entity: The entity.
        dump: The normalized dump in the lake.
        files: The delivered files.
        started_at: Start of the load, UTC.
        run_id: The Dagster run; None outside of Dagster.
    """

    entity: Entity
    dump: LoadableDump
    files: Sequence[LoadedFile]
    started_at: datetime
    run_id: str | None

    @property
    def table(self) -> str:
        """The staging table of the entity, with its schema."""
        return f"staging.{self.entity.table}"

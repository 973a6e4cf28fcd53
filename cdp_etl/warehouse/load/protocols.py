"""What a load needs to know of a dump: said by shape, so that a load can be tested without the stages before it.

`cdp_etl.normalize.NormalizedDump` and `cdp_etl.landing.DumpFile` have these shapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from cdp_etl.contract.entity import Entity


class NormalizedDump(Protocol):
    """A dump as the normalized lake holds it: Parquet files, and the counts that must come out again."""

    @property
    def dump_date(self) -> date:
        """Day the source system delivered it."""

    @property
    def content_fingerprint(self) -> str:
        """Hash over its files, the rules and the settings that bear on the outcome."""

    @property
    def bytes(self) -> int:
        """Size of its files as delivered."""

    @property
    def records_read(self) -> int:
        """Records read: accepted + superseded + quarantined."""

    @property
    def accepted(self) -> int:
        """Records accepted."""

    @property
    def superseded(self) -> int:
        """Valid records whose key came again later in the dump."""

    @property
    def quarantined(self) -> int:
        """Records refused."""

    @property
    def with_warnings(self) -> int:
        """Accepted records with a warning."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many records were refused, by reason."""

    @property
    def accepted_files(self) -> Sequence[Path]:
        """Parquet of `lake_columns`; none where no record was accepted."""

    @property
    def superseded_files(self) -> Sequence[Path]:
        """Parquet of `lake_columns` with `by_file` and `by_position`; none where there are no such records."""

    @property
    def quarantined_files(self) -> Sequence[Path]:
        """Parquet of `QUARANTINE_COLUMNS`; none where there are no such records."""


class DumpFile(Protocol):
    """One file of a dump as it was pulled."""

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
        """When the zone says it was modified, UTC."""

    @property
    def pulled_at(self) -> datetime:
        """When it was pulled into the raw archive, UTC."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One dump of one entity, about to be loaded.

    Attributes:
        entity: Whose dump it is.
        dump: The dump in the lake.
        files: The files it was made of.
        started_at: When the load began, UTC.
        run_id: The Dagster run; None where there is none.
    """

    entity: Entity
    dump: NormalizedDump
    files: Sequence[DumpFile]
    started_at: datetime
    run_id: str | None

    @property
    def table(self) -> str:
        """The staging table that it goes to, for SQL."""
        return f"staging.{self.entity.table}"

"""Specification of one generated dump; `write_dump.py` writes it."""

from dataclasses import dataclass
from datetime import date

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.sample.faults import RawRecord
from cdp_etl.sample.shared_data import SharedData


@dataclass(frozen=True)
class DumpSpec:
    """Specification of one generated dump.

    Attributes:
        shared: People and products that the records refer to.
        entity: Entity of the records.
        dump_date: Day of delivery.
        rows: Number of records.
        dirty: Share of records that must be quarantined.
        data_format: Format of the files.
        compression: Compression of the files; none for Parquet.
        appended: Records to append unchanged. Each is accepted with a warning. Text formats only.
    """

    shared: SharedData
    entity: Entity
    dump_date: date
    rows: int
    dirty: float
    data_format: DataFormat
    compression: Compression
    appended: tuple[RawRecord, ...] = ()

    @property
    def day(self) -> int:
        """The dump date in days since 1970."""
        return (self.dump_date - date(1970, 1, 1)).days

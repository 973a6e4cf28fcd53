"""What one dump shall be. How it is written stands in `writer.py`."""

from dataclasses import dataclass
from datetime import date

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.sample.faults import RawRecord
from cdp_etl.sample.shared_data import SharedData


@dataclass(frozen=True)
class DumpSpec:
    """What one dump shall be.

    Attributes:
        world: The people and products it speaks of.
        entity: The entity whose records it holds.
        dump_date: The day it is delivered.
        rows: How many records it holds.
        dirty: The share of them that must be quarantined.
        data_format: Its files' format.
        compression: Their compression; none for Parquet.
        appended: Records that follow as they are, accepted with a warning; text formats only.
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

"""A folder of Parquet files, one a batch, in the order of delivery.

Put here how they are named and written.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

_NAME: Final = re.compile(r"part-(\d+)\.parquet")


@dataclass(frozen=True, slots=True)
class PartFolder:
    """Files `part-<batch>.parquet`; a batch without rows has none."""

    directory: Path

    def path(self, batch: int) -> Path:
        """Give where a batch's file is."""
        return self.directory / f"part-{batch:06d}.parquet"

    def write(self, batch: int, rows: pl.DataFrame) -> None:
        """Write a batch's rows, and wait until they are on the disk; nothing is written where there are none."""
        if rows.is_empty():
            return
        with self.path(batch).open("xb") as file:
            rows.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
            file.flush()
            os.fsync(file.fileno())

    def numbers(self) -> list[int]:
        """Give the batches that have a file, in order."""
        names = (_NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def files(self) -> list[Path]:
        """Give the files, in order of delivery."""
        return [self.path(number) for number in self.numbers()]

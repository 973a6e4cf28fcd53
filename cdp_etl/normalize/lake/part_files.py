"""Part files: one file per batch in a folder, in the order of delivery.

They are Parquet, or uncompressed Arrow if the rows are read again during the same normalization.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from cdp_etl.storage_errors import naming

_NAME: Final = re.compile(r"part-(\d+)\.(?:parquet|arrow)")


@dataclass(frozen=True, slots=True)
class PartFolder:
    """Folder of files `part-<batch>.parquet`; a batch without rows has no file."""

    directory: Path

    def path(self, batch: int) -> Path:
        """Return the path of a batch's Parquet file."""
        return self.directory / f"part-{batch:06d}.parquet"

    def write(self, batch: int, rows: pl.DataFrame) -> None:
        """Write a batch's rows and sync them to disk; write nothing if there are no rows."""
        if rows.is_empty():
            return
        path = self.path(batch)
        with naming(path, pl.exceptions.ComputeError), path.open("xb") as file:
            rows.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
            file.flush()
            os.fsync(file.fileno())

    def write_scratch(self, batch: int, rows: pl.DataFrame) -> None:
        """Write a batch's rows as uncompressed Arrow: half the CPU time of Parquet, seven times the size."""
        if rows.is_empty():
            return
        path = self.scratch_path(batch)
        with naming(path, pl.exceptions.ComputeError):
            rows.write_ipc(path, compression="uncompressed", compat_level=pl.CompatLevel.oldest())

    def scratch_path(self, batch: int) -> Path:
        """Return the path of a batch's Arrow file."""
        return self.directory / f"part-{batch:06d}.arrow"

    def read(self, batch: int, columns: list[str] | None = None) -> pl.DataFrame:
        """Return a batch's rows; all columns if none are named."""
        if self.scratch_path(batch).exists():
            return pl.read_ipc(self.scratch_path(batch), columns=columns)
        return pl.read_parquet(self.path(batch), columns=columns)

    def remove(self, batch: int) -> None:
        """Delete a batch's file."""
        self.path(batch).unlink(missing_ok=True)
        self.scratch_path(batch).unlink(missing_ok=True)

    def numbers(self) -> list[int]:
        """Return the numbers of the batches that have a file, in order."""
        names = (_NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def files(self) -> list[Path]:
        """Return the Parquet files, in order of delivery."""
        return [self.path(number) for number in self.numbers()]

"""What can go wrong with the warehouse file, each with what the operator can do about it."""

from datetime import date
from pathlib import Path

import duckdb

from cdp_etl.errors import CdpEtlError


class WarehouseError(CdpEtlError):
    """The warehouse cannot be used as asked."""


class WarehouseMissingError(WarehouseError):
    """There is no warehouse file to read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no warehouse at {path} yet; load a dump first.")


class WarehouseLockedError(WarehouseError):
    """Another process held the warehouse for as long as this one was willing to wait: it may pass by itself."""

    def __init__(self, lock: Path, waited_seconds: float, holder: int | None) -> None:
        by = "another process" if holder is None else f"process {holder}"
        super().__init__(
            f"The warehouse is in use: {by} held {lock} for all of the {waited_seconds:.1f} seconds waited;"
            " try again later, or raise CDP_ETL_LOCK_TIMEOUT_SECONDS."
        )


class WarehouseNewerError(WarehouseError):
    """The file was written by a newer version of this package."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"The warehouse {path} has schema version {found} and this version of cdp_etl knows {known} at most;"
            " use the newer cdp_etl that wrote it."
        )


class StagingLayoutError(WarehouseError):
    """A staging table in the file and the contract differ in a way that is not mended by adding a column."""

    def __init__(self, table: str, column: str, fact: str) -> None:
        super().__init__(f"The table {table} and the contract differ in column {column}: {fact}.")


class BusinessTimezoneChangedError(WarehouseError):
    """The business time zone is not the one that the days in the warehouse were made with."""

    def __init__(self, remembered: str, asked: str) -> None:
        super().__init__(
            f"The days in the warehouse are those of {remembered}, CDP_ETL_BUSINESS_TIMEZONE says {asked};"
            " set it back, or run `cdp-etl marts rebuild --all` to make all days anew."
        )


class LoadNotBalancedError(WarehouseError):
    """What was inserted is not what was read: nothing of the dump was committed, the previous load stays."""

    def __init__(self, entity: str, dump_date: date, fact: str) -> None:
        super().__init__(f"The load of {entity} of {dump_date} was undone: {fact}.")


class LoadFailedError(WarehouseError):
    """DuckDB refused a step of a load: nothing of the dump was committed, the previous load stays."""

    def __init__(self, entity: str, dump_date: date, cause: duckdb.Error) -> None:
        # Other errors than those of disk and memory may quote a record's values, which do not leave the data.
        is_quotable = isinstance(cause, duckdb.IOException | duckdb.OutOfMemoryException | duckdb.BinderException)
        fact = f"{type(cause).__name__}: {cause}" if is_quotable else type(cause).__name__
        super().__init__(f"The load of {entity} of {dump_date} was undone: DuckDB refused a step ({fact}).")


class CopyNotEqualError(WarehouseError):
    """A copy of the warehouse does not hold what the warehouse holds: the copy is not used."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"The copy {path} is not used: {fact}.")


class NotABackupError(WarehouseError):
    """The file to restore is no warehouse that this version can use."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"Nothing was restored from {path}: {fact}.")


class WarehouseExistsError(WarehouseError):
    """There is a warehouse where one is to be restored."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is a warehouse at {path}; say that it is to be replaced, or move it away.")

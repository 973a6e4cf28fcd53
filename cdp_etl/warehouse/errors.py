"""Errors of the warehouse file; each message says what the operator can do."""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import duckdb

from cdp_etl.errors import CdpEtlError
from cdp_etl.warehouse.duckdb_facts import storage_fact


class WarehouseError(CdpEtlError):
    """Base of all errors of the warehouse."""


class WarehouseMissingError(WarehouseError):
    """The warehouse file does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no warehouse at {path} yet; load a dump first: `cdp-etl run --last 1`.")


class WarehouseLostError(WarehouseError):
    """The warehouse file is missing, although a snapshot was published from it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no warehouse at {path}, although a snapshot was published. Restore a backup:"
            " `cdp-etl restore FILE`. Without one, load all dumps again: `cdp-etl run --from DATE --to DATE`."
        )


class WarehouseReplacedError(WarehouseError):
    """The snapshot was published from another warehouse, and this one has published nothing yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The warehouse {path} is new, but the snapshot was published from another one, which is lost. The"
            " snapshot stays as it is. Restore a backup: `cdp-etl restore FILE --replace`. Without one, load all"
            " dumps again (`cdp-etl run --from DATE --to DATE`), then replace the snapshot: `cdp-etl marts publish"
            " --new-warehouse`."
        )


class WarehouseDamagedError(WarehouseError):
    """The content of the warehouse file cannot be read: it is truncated, overwritten, or no DuckDB file."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(
            f"The warehouse {path} is damaged: {fact}. Restore a backup: `cdp-etl restore FILE --replace`. Without"
            " one, move the file away, and load all dumps again: `cdp-etl run --from DATE --to DATE`."
        )


class WarehouseStorageError(WarehouseError):
    """The disk did not read or write a file of the warehouse. Nothing was committed by the failed step."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"The warehouse cannot be used: {fact}")


class WarehouseLockedError(WarehouseError):
    """Another process held the lock for the whole timeout. A retry may succeed."""

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
    """A staging table in the file and the contract differ in more than missing columns."""

    def __init__(self, table: str, column: str, fact: str) -> None:
        super().__init__(f"The table {table} and the contract differ in column {column}: {fact}.")


class BusinessTimezoneChangedError(WarehouseError):
    """The days in the warehouse are of another business time zone than the configured one."""

    def __init__(self, stored: str, configured: str) -> None:
        super().__init__(
            f"The days in the warehouse are of time zone {stored}, but CDP_ETL_BUSINESS_TIMEZONE is {configured};"
            " set it back, or run `cdp-etl marts rebuild --all` to recompute all days."
        )


class LoadNotBalancedError(WarehouseError):
    """An invariant of a load is violated. The transaction was rolled back; the previous load stays in place."""

    def __init__(self, entity: str, dump_date: date, fact: str) -> None:
        super().__init__(f"The load of {entity} of {dump_date} was rolled back: {fact}.")


class OutputOlderError(WarehouseError):
    """The output of a dump in the lake lacks columns, because an older release wrote it."""

    def __init__(self, entity: str, dump_date: date, columns: Collection[str]) -> None:
        super().__init__(
            f"An older release normalized the dump {entity} {dump_date}, without {', '.join(sorted(columns))}."
            f" Normalize and load it again: `cdp-etl run --from {dump_date} --entity {entity}`."
        )


class StagingDiffersError(WarehouseError):
    """The rows of a dump in staging differ from the lake after the commit. The previous load was put back."""

    def __init__(self, entity: str, dump_date: date, fact: str) -> None:
        super().__init__(
            f"The load of {entity} of {dump_date} was undone, because stored rows differ from the lake: {fact}."
            f" Load the dump again: `cdp-etl run --from {dump_date} --entity {entity}`. If the error occurs again,"
            " check memory and disk of the machine."
        )


class LoadFailedError(WarehouseError):
    """DuckDB failed in a step of a load. The transaction was rolled back; the previous load stays in place."""

    def __init__(self, entity: str, dump_date: date, cause: duckdb.Error) -> None:
        # Errors of binding cannot quote values of a record, which must not be logged. Most others can.
        known = storage_fact(cause) or (str(cause) if isinstance(cause, duckdb.BinderException) else None)
        fact = type(cause).__name__ + (f": {known}" if known else "")
        super().__init__(
            f"The load of {entity} of {dump_date} was rolled back: DuckDB failed ({fact}). `cdp-etl doctor` checks"
            " disk and warehouse."
        )


class CopyNotEqualError(WarehouseError):
    """A copy of the warehouse differs from the warehouse. The copy is deleted."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(
            f"The copy {path} differs from the warehouse and is not used: {fact}. Run `cdp-etl check --full` to"
            " see whether the warehouse itself is damaged."
        )


class BackupDamagedError(WarehouseError):
    """A new backup cannot be read back. It was deleted."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(
            f"The copy {path} cannot be read back and was deleted: {fact}. Run `cdp-etl check --full` to see"
            " whether the warehouse itself is damaged."
        )


class NotABackupError(WarehouseError):
    """The file to restore is not a warehouse that this version can use."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"Nothing was restored from {path}: {fact}. `cdp-etl backup FILE` makes a backup.")
        self.fact = fact


class WarehouseExistsError(WarehouseError):
    """A warehouse exists at the path to restore to."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"A warehouse exists at {path} already; replace it with --replace, or move it.")

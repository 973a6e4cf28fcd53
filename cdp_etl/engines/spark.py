"""Spark sessions, and tables of a session: views over Parquet files and stored results of SELECTs.

Spark quotes values of records and of settings in its errors and in its log. So a local session logs nothing, and
only the class of an error is shown.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdp_etl.engines.errors import SparkFailedError, SparkMissingError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REMOTE: Final = "sc://"
"""Begin of the address of a Spark Connect server; any other address is a master, such as `local[*]`."""

_SQL_OPTIONS: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, as in DuckDB
    "spark.sql.caseSensitive": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""Options that decide on values. The translation relies on them, whatever the server's defaults are."""

_LOCAL_OPTIONS: Final[Mapping[str, str]] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""Options of a master on this machine: it listens on the loopback interface only."""


@contextmanager
def open_session(address: str, options: Mapping[str, str] | None = None) -> Iterator["SparkSession"]:
    """Open a session, and stop it at the end.

    Args:
        address: Address of a Spark Connect server (`sc://host:15002`), or a master (`local[*]`).
        options: Further options of Spark.

    Raises:
        SparkMissingError: If pyspark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise SparkMissingError from None
    builder = SparkSession.builder.appName("cdp_etl")
    is_remote = address.startswith(REMOTE)
    builder = builder.remote(address) if is_remote else builder.master(address)
    for name, value in {**({} if is_remote else _LOCAL_OPTIONS), **(options or {}), **_SQL_OPTIONS}.items():
        builder = builder.config(name, value)
    logging.getLogger("SQLQueryContextLogger").disabled = True  # pyspark's own; it logs the plan of a failed query
    with _failing_without_values("the session"):
        session = builder.getOrCreate()
    try:
        if not is_remote:
            session.sparkContext.setLogLevel("OFF")
        yield session
    finally:
        session.stop()


@dataclass(frozen=True)
class SparkTables:
    """Tables of a session by name.

    Attributes:
        session: The session.
        folder: Folder of the stored tables. The driver and all workers must reach it under this path.
    """

    session: "SparkSession"
    folder: Path

    def read(self, name: str, path: Path) -> None:
        """Bind a name to the rows of a Parquet file, or of a folder of such files.

        Raises:
            SparkFailedError: If Spark cannot read it.
        """
        with _failing_without_values(name):
            self.session.read.parquet(_uri(path)).createOrReplaceTempView(name)

    def bind(self, name: str, select: str) -> None:
        """Bind a name to a SELECT, which Spark computes whenever the name is read.

        Raises:
            SparkFailedError: If Spark does not accept the SELECT.
        """
        with _failing_without_values(name):
            self.session.sql(select).createOrReplaceTempView(name)

    def store(self, name: str, select: str) -> Path:
        """Write the rows of a SELECT to a new folder, bind the name to it, and return the folder.

        The folder gets its name when it is complete. The SELECT may read the former rows of the name.

        Raises:
            SparkFailedError: If Spark fails. No folder has the name then.
        """
        number = sum(1 for _ in self.folder.glob(f"{name}-*"))
        folder = self.folder / f"{name}-{number}"
        incomplete = self.folder / f".writing-{folder.name}"
        with _failing_without_values(name):
            self.session.sql(select).write.mode("overwrite").parquet(_uri(incomplete))
        incomplete.rename(folder)
        self.read(name, folder)
        return folder

    def has_rows(self, select: str) -> bool:
        """Return whether a SELECT has any row.

        Raises:
            SparkFailedError: If Spark fails.
        """
        with _failing_without_values("a condition"):
            return bool(self.session.sql(f"SELECT 1 FROM ({select}\n) LIMIT 1").collect())


@contextmanager
def _failing_without_values(table: str) -> Iterator[None]:
    """Raise an error of Spark with its class alone."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise SparkFailedError(table, error.getCondition() or type(error).__name__) from None


def _uri(path: Path) -> str:
    """Return the URI of a path. It must be absolute, because workers run in other folders than the driver."""
    return f"file://{path.resolve()}"

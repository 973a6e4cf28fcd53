"""Errors of the engines; each message says what to do."""

from cdp_etl.errors import CdpEtlError


class EngineError(CdpEtlError):
    """Base class of the errors of the engines."""


class NotTranslatableError(EngineError):
    """A SELECT has a construct without a rule."""

    def __init__(self, construct: str) -> None:
        super().__init__(f"No rule translates this to Spark: {construct}. Add one to cdp_etl/engines/dialect.py.")


class SparkMissingError(EngineError):
    """The package of Spark is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "CDP_ETL_ENGINE=spark needs pyspark: install cdp_etl[spark] for a Spark Connect server, or"
            " cdp_etl[spark-local] for Spark on this machine, which needs Java 17 too."
        )


class SparkFailedError(EngineError):
    """Spark failed in a step."""

    def __init__(self, table: str, condition: str) -> None:
        super().__init__(
            f"Spark failed in computing {table}: {condition}. Its own messages are left out, because they quote"
            " values."
        )

"""Errors of the marts, each with what the operator can do about it."""

from pathlib import Path

from cdp_etl.errors import CdpEtlError, UsageError


class MartError(CdpEtlError):
    """A mart cannot be refreshed or published."""


class MartHeaderError(MartError):
    """The header of a mart's SQL lacks a required part."""

    def __init__(self, mart: str) -> None:
        super().__init__(
            f"The header of marts/models/{mart}.sql must have the meaning of a row, then Grain: and Inputs:, and"
            " Mind: if a reader could get something wrong."
        )


class MartInputMissingError(MartError):
    """A mart reads a table that its run does not bind."""

    def __init__(self, mart: str, table: str) -> None:
        super().__init__(
            f"Mart {mart} reads {table}, which is no input of it. List what the SELECT and the intermediate tables"
            f" read under Inputs: in marts/models/{mart}.sql: tables of staging, `<entity>_current` for every"
            " entity, and marts that come earlier in the registry."
        )


class MartUnknownError(MartError):
    """No mart has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no mart {name}; the marts are {', '.join(known)}.")


class SegmentsInvalidError(UsageError):
    """The file of segments cannot be read, or a segment is not valid. The message has no value of a condition."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(
            f"The segments {path} are not valid: {fact}. Correct the file; `cdp-etl doctor` checks it."
        )


class SegmentFailedError(MartError):
    """A condition cannot be evaluated for some person."""

    def __init__(self, segment: str, kind: str) -> None:
        super().__init__(
            f"Segment {segment} cannot be computed: for some person a number of its condition is out of range"
            f" ({kind}). Correct the condition in the file of CDP_ETL_SEGMENTS; `cdp-etl run` continues."
        )


class PublicationUndeclaredError(MartError):
    """A column does not declare what the snapshot shows of it."""

    def __init__(self, column: str) -> None:
        super().__init__(
            f"Column {column} does not declare what the published snapshot shows of it; set `publication` in the"
            " mart's declaration, for a struct by the path of each text and number."
        )


class PseudonymKeyInvalidError(MartError):
    """The key of the pseudonyms cannot be used."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"The pseudonym key {path} cannot be used: {fact}.")


class PseudonymKeyMissingError(MartError):
    """The key of the pseudonyms is missing, and a new one would change all pseudonyms."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The pseudonym key {path} is missing, so nothing was published; restore the file, or accept other"
            " pseudonyms than in earlier snapshots with `cdp-etl marts publish --new-key`."
        )


class SnapshotOfEarlierReleaseError(MartError):
    """An earlier release published the snapshot; its file has other columns."""

    def __init__(self, database: Path) -> None:
        super().__init__(f"An earlier release published {database}. Run `cdp-etl marts publish`, then repeat.")


class SnapshotFileDamagedError(MartError):
    """The file that readers open is damaged."""

    def __init__(self, database: Path, fact: str) -> None:
        super().__init__(
            f"The published file {database} is damaged: {fact}. Run `cdp-etl check --full`, which deletes damaged"
            " files of the snapshot, then `cdp-etl marts publish`, which writes them again."
        )


class SnapshotDamagedError(MartError):
    """The manifest of the published snapshot is missing or cannot be read."""

    def __init__(self, manifest: Path, fact: str) -> None:
        super().__init__(
            f"The manifest {manifest} of the published snapshot is damaged: {fact}. Run `cdp-etl marts publish`;"
            " it writes a complete new snapshot."
        )

"""What can go wrong with the marts, each with what the operator can do about it."""

from collections.abc import Sequence

from cdp_etl.errors import CdpEtlError
from cdp_etl.marts.checks.model import CheckResult

REBUILD_HINT = (
    "The next run makes it anew before anything is published; `cdp-etl marts rebuild --all` does so now, with all"
    " that it is made from."
)
"""What becomes of a mart that a check contradicts."""


class MartError(CdpEtlError):
    """A mart cannot be kept or published as asked."""


class MartHeaderError(MartError):
    """The SQL of a mart does not say what it must."""

    def __init__(self, mart: str) -> None:
        super().__init__(
            f"The header of marts/{mart}.sql was expected to say the meaning, then Grain:, Inputs: and, where a"
            " reader could go wrong, Mind:."
        )


class MartUnknownError(MartError):
    """There is no mart of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no mart {name}; there are {', '.join(known)}.")


class MartCheckError(MartError):
    """What a run of a mart made does not hold: the run was undone, and nothing of it is published.

    Attributes:
        mart: The mart.
        results: How all checks of the run came out.
    """

    def __init__(self, mart: str, results: Sequence[CheckResult]) -> None:
        self.mart = mart
        self.results = results
        failed = " ".join(result.sentence for result in results if not result.passed)
        super().__init__(
            f"The run of the mart {mart} was undone, and the snapshot stays as it was: {failed} {REBUILD_HINT}"
        )

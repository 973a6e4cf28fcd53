"""Errors of the marts, each with what the operator can do about it."""

from cdp_etl.errors import CdpEtlError


class MartError(CdpEtlError):
    """A mart cannot be refreshed or published."""


class MartHeaderError(MartError):
    """The header of a mart's SQL lacks a required part."""

    def __init__(self, mart: str) -> None:
        super().__init__(
            f"The header of marts/models/{mart}.sql must have the meaning of a row, then Grain: and Inputs:, and"
            " Mind: if a reader could get something wrong."
        )


class MartUnknownError(MartError):
    """No mart has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no mart {name}; the marts are {', '.join(known)}.")

"""What can go wrong with the marts, each with what the operator can do about it."""

from cdp_etl.errors import CdpEtlError


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


class MartNotBuiltError(MartError):
    """A mart was asked for that has never been run, or not since its definition changed."""

    def __init__(self, mart: str) -> None:
        super().__init__(f"The mart {mart} is not up to date with its definition; run the marts first.")

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


class MartGrainError(MartError):
    """A run of a mart would have left two rows of one grain: it was undone, the mart is as it was."""

    def __init__(self, mart: str, groups: int, grain: tuple[str, ...]) -> None:
        super().__init__(
            f"The run of the mart {mart} was undone: {groups} of its touched groups would have had more than one"
            f" row of one {', '.join(grain)}; `cdp-etl marts rebuild --mart {mart}` makes it anew."
        )


class MartNotBuiltError(MartError):
    """A mart was asked for that has never been run, or not since its definition changed."""

    def __init__(self, mart: str) -> None:
        super().__init__(f"The mart {mart} is not up to date with its definition; run the marts first.")

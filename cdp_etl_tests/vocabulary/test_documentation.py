"""The tables of words in docs/records.md are those of the presets."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parents[2] / "docs" / "records.md"


def _presets() -> Mapping[str, Any]:
    return tomllib.loads(files("cdp_etl.vocabulary").joinpath("presets.toml").read_text(encoding="utf-8"))


def _meanings(words: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(
        f"**{name}**: {', '.join(f'`{word}`' for word in spelled)}" for name, spelled in words.items()
    )


def documented_rows() -> Iterator[str]:
    """Yield the rows of the tables: words of every provider, each provider, each type of action."""
    presets = _presets()
    yield f"| every provider | {_meanings(presets['events'])} | house rule |"
    for provider in presets["providers"].values():
        flags = ", ".join(f"`{flag}`" for flag in provider.get("machine_flags", []))
        marked = f"; flag of machines: {flags}" if flags else ""
        yield (
            f"| {', '.join(provider['names'])} | {_meanings(provider['events'])}{marked}"
            f" | [documentation]({provider['source']}) |"
        )
    for name, spelled in presets["actions"].items():
        yield f"| `{name}` | {', '.join(f'`{word}`' for word in spelled)} |"


def test_the_documentation_has_every_word_with_its_source() -> None:
    lines = _DOCS.read_text(encoding="utf-8").splitlines()

    assert [row for row in documented_rows() if row not in lines] == []

"""SQL files of the marts: headers, placeholders, use."""

import configparser
import re
from pathlib import Path

import pytest

import cdp_etl.marts.models

_MODELS = Path(cdp_etl.marts.models.__file__).parent
_SQL = sorted(_MODELS.rglob("*.sql"))
_HEADER = re.compile(r"-- .+\n(?:-- .+\n)*?-- Grain: .+\n(?:--   .+\n)*-- Inputs: .+\n(?:--.*\n)*")

each_file = pytest.mark.parametrize("path", _SQL, ids=lambda path: str(path.relative_to(_MODELS)))
each_table = pytest.mark.parametrize(
    "path",
    [path for path in _SQL if path.parent != _MODELS],
    ids=lambda path: str(path.relative_to(_MODELS)),
)


@each_file
def test_a_header_gives_meaning_grain_and_inputs(path: Path) -> None:
    assert _HEADER.match(path.read_text(encoding="utf-8"))


@each_table
def test_sqlfluff_has_an_example_of_each_placeholder(path: Path) -> None:
    examples = configparser.ConfigParser()
    examples.read(path.parent / ".sqlfluff", encoding="utf-8")
    section = "sqlfluff:templater:placeholder"
    known = set(examples[section]) if section in examples else set()

    assert set(re.findall(r"\$(\w+)", path.read_text(encoding="utf-8"))) <= known


@each_table
def test_a_declaration_reads_each_temporary_table(path: Path) -> None:
    name = path.stem if path.parent.name.endswith("_scope") else f"{path.parent.name}/{path.stem}"

    sources = [module.read_text(encoding="utf-8") for module in _MODELS.rglob("*.py")]
    assert any(re.search(rf"""["']{name}["']""", source) for source in sources)

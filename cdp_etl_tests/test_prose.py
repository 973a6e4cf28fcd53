"""The prose of the project: docstrings, comments, messages and pages follow one vocabulary (docs/glossary.md)."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("cdp_etl", "cdp_etl_tests", "benchmarks", "deploy")
PYTHON = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
SQL = sorted((ROOT / "cdp_etl").rglob("*.sql"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]
THIS = Path(__file__)

# A phrase that the field does not use, and what it says instead.
BANNED = {
    r"\bGives? (?=[a-z])": "Return …",
    r"\bTells? whether\b": "Return whether …",
    r"\bPut here\b": "Belongs here: …, once in the folder's __init__.py",
    r"\b[Ss]tands? in\b": "is in, is described in",
    r"\b[Ss]tands? still\b": "is stable",
    r"\banew\b": "rebuilt, recomputed, again",
    r"\bsought\b": "looked up",
    r"\bgone on from\b": "updated from the stored row",
    r"\blets? (by|go of)\b": "passes, prunes",
    r"\b(is|was|are|be) (not )?had\b|\bto be had\b": "is available, is acquired",
    r"\bgets? through\b|\bgot through\b": "is loaded",
    r"\b[Dd]ear(er|est)?\b": "expensive",
    r"\bleavers?\b": "tombstones, deleted rows",
    r"\b(fast|exact)[ -]lane\b": "fast path, reference path",
    r"\bnought\b|\bcommonest\b|\bin the place of\b": "zero, most common, instead of",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bunforeseen\b": "unexpected",
    r'(?<!")\btold\b': 'notified, reported, known; "told" is a stored key',
    r"\bbeside\b": "next to, in addition to, alongside",
    r"\bRULINGS|\bRECORDS\b": "a link to docs/records.md or docs/decisions/",
}
FIRST_WORDS = re.compile(r"(Gives?|Tells?|Says?|What|How|Which|Whether|Who|Why|When|Where|Put)\b")
NAMED_FILE = re.compile(r"(?<![\w*<>{}/.:-])((?:[\w-]+/)*[\w-]+\.(?:py|sql|md|yaml|toml|jinja))(?![\w*])")
NAMED_SYMBOL = re.compile(r"`(cdp_etl(?:_tests)?(?:\.\w+)+)(?:\(\))?`")


def name(path: Path) -> str:
    """Return the path relative to the repository."""
    return str(path.relative_to(ROOT))


def part(path: Path) -> str:
    """Return the part of the project that a file belongs to: the unit in which these tests are run."""
    parts = path.relative_to(ROOT).parts
    if parts[0] in {"cdp_etl", "cdp_etl_tests"} and len(parts) > 2:
        return f"{parts[0]}/{parts[1]}"
    if parts[0] == "docs" and len(parts) > 2:
        return f"docs/{parts[1]}"
    return parts[0].replace("README.md", "docs")


PARTS = sorted({part(path) for path in (*PYTHON, *SQL, *PAGES)})


def of_part(paths: list[Path], wanted: str) -> list[Path]:
    """Return the files of one part, this one left out because it quotes what it bans."""
    return [path for path in paths if part(path) == wanted and path != THIS]


@cache
def texts(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the comments and strings of a Python file, or all lines of another that are no quotation."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return tuple(
            (number, line) for number, line in enumerate(source.splitlines(), 1) if not line.startswith(">")
        )
    return tuple(
        (token.start[0] + offset, line)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type in {tokenize.COMMENT, tokenize.STRING}
        for offset, line in enumerate(token.string.splitlines())
    )


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring with its line; attribute docstrings are left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


@pytest.mark.parametrize("wanted", PARTS)
def test_no_phrase_is_used_that_the_field_does_not_use(wanted: str) -> None:
    found = [
        f"{name(path)}:{number}: {match[0]!r} -> {instead}"
        for path in of_part([*PYTHON, *SQL, *PAGES], wanted)
        for number, line in texts(path)
        for phrase, instead in BANNED.items()
        if (match := re.search(phrase, line))
    ]

    assert found == []


@pytest.mark.parametrize("wanted", PARTS)
def test_every_docstring_begins_with_a_noun_or_an_imperative(wanted: str) -> None:
    found = [
        f"{name(path)}:{line}: {text.splitlines()[0]}"
        for path in of_part(PYTHON, wanted)
        for line, text in docstrings(path)
        if FIRST_WORDS.match(text)
    ]

    assert found == []


@cache
def tracked() -> frozenset[str]:
    """Return every path below the repository's source folders and its top level, and each of its endings."""
    roots = [ROOT / folder for folder in (*FOLDERS, "docs", "data", ".ci", ".github")]
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for root in roots if root.exists() for path in root.rglob("*") if path.is_file()]
    endings = set()
    for path in files:
        parts = path.relative_to(ROOT).parts
        endings |= {"/".join(parts[start:]) for start in range(len(parts))}
    return frozenset(endings)


_FILES_OF_USERS = {"dagster.yaml", "workspace.yaml", "segments.yaml", "_manifest.json", "docker-compose.yaml"}
"""Files that an installation has and this repository need not have."""


@pytest.mark.parametrize("wanted", PARTS)
def test_every_file_that_a_docstring_names_exists(wanted: str) -> None:
    found = [
        f"{name(path)}:{line}: {file}"
        for path in of_part(PYTHON, wanted)
        for line, text in docstrings(path)
        for file in NAMED_FILE.findall(text)
        if file not in tracked() | _FILES_OF_USERS
    ]

    assert found == []


@cache
def exists(symbol: str) -> bool:
    """Return whether a dotted name is a package, a module, or defined at the top level of one."""
    path = ROOT / symbol.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    above, _, last = symbol.rpartition(".")
    module = ROOT / above.replace(".", "/")
    source = module.with_suffix(".py") if module.with_suffix(".py").is_file() else module / "__init__.py"
    if not above or not source.is_file():
        return bool(above) and above.count(".") > 0 and exists(above)
    names: set[str] = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=known)):
                names.add(known)
            case ast.ImportFrom() | ast.Import():
                names |= {alias.asname or alias.name for alias in node.names}
            case _:
                pass
    return last in names


@pytest.mark.parametrize("wanted", PARTS)
def test_every_symbol_that_a_docstring_names_exists(wanted: str) -> None:
    found = [
        f"{name(path)}:{line}: {symbol}"
        for path in of_part(PYTHON, wanted)
        for line, text in docstrings(path)
        for symbol in NAMED_SYMBOL.findall(text)
        if not exists(symbol)
    ]

    assert found == []


def test_no_public_class_name_is_used_twice() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / "cdp_etl").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name(path))

    assert {known: paths for known, paths in places.items() if len(paths) > 1} == {}


def test_bounds_are_called_max() -> None:
    pattern = re.compile(r"^_?(MOST|LARGEST|LONGEST)_\w+ *[:=]", re.MULTILINE)
    found = [f"{name(path)}: {match[0]}" for path in PYTHON for match in pattern.finditer(path.read_text("utf-8"))]

    assert found == []

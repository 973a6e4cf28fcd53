"""The shape of the project: what holds for every module, entity and page, read from the source itself."""

import ast
import re
from pathlib import Path

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cdp_etl"
TESTS = ROOT / "cdp_etl_tests"
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted(TESTS.rglob("*.py"))]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

# Spelled in two parts, so that this file does not find itself.
_UNWANTED = {
    "an unfinished thought": r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b",
    "a swallowed exception": r"except Exc" r"eption\b",
    "an exemption without its code": r"(type: ign" r"ore|no" r"qa)\s*($|#)",
    "a test that does not run": r"pytest\.(mark\.)?(sk" r"ip|xf" r"ail)",
    "a path of one machine": r"/(work|ro" r"ot|tmp)/\w",
}


def name(path: Path) -> str:
    """Return the path relative to the repository."""
    return str(path.relative_to(ROOT))


def test_no_module_is_longer_than_500_lines() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert {path: lines for path, lines in lengths.items() if lines > 500} == {}


def test_every_module_says_what_belongs_in_it() -> None:
    silent = [name(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]

    assert silent == []


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "lib", "shared"}

    assert [name(path) for path in SOURCES if drawers.intersection(path.with_suffix("").parts)] == []


@pytest.mark.parametrize("what", _UNWANTED)
def test_the_source_is_free_of(what: str) -> None:
    pattern = re.compile(_UNWANTED[what])
    found = [
        f"{name(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == []


def test_tests_mirror_the_package() -> None:
    packages = {path.parent.relative_to(PACKAGE) for path in MODULES}
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}

    assert folders <= packages | {Path("attacks"), Path("chaos"), Path("end_to_end")}
    assert {package for package in packages if package not in folders} == set()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_entity_is_owned_described_sampled_and_documented(entity: Entity) -> None:
    documents = [ROOT / "docs/contract" / f"{entity.table}{end}" for end in (".md", ".odcs.yaml", ".schema.json")]

    assert entity.owner.startswith("team:")
    assert len(entity.description) > 40
    assert (PACKAGE / "entities" / f"{entity.table}.py").is_file()
    assert sorted((ROOT / "data/landing" / entity.name).glob("*/part-*"))
    assert [name(path) for path in documents if not path.is_file()] == []


def test_every_link_in_the_pages_leads_somewhere() -> None:
    broken = [
        f"{name(page)} -> {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_that_a_guide_names_exists(page: str) -> None:
    named = re.findall(
        r"`((?:cdp_etl|cdp_etl_tests|docs)(?:/\w[\w.]*)*/?)`", (ROOT / page).read_text(encoding="utf-8")
    )

    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (name(page), target)
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert {(page, target) for page, target in named if target not in targets} == set()
    assert named

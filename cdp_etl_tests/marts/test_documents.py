"""The committed pages of the marts are what the declarations say now."""

from pathlib import Path

import pytest

from cdp_etl.marts.documents import render_mart_documents

_FOLDER = Path(__file__).parents[2] / "docs" / "contract"


@pytest.mark.parametrize("path", sorted(render_mart_documents()))
def test_the_committed_page_is_current(path: str) -> None:
    assert (_FOLDER / path).read_text(encoding="utf-8") == render_mart_documents()[path]


def test_no_page_tells_of_a_mart_that_is_gone() -> None:
    committed = {f"marts/{page.name}" for page in (_FOLDER / "marts").iterdir()}

    assert committed == set(render_mart_documents())

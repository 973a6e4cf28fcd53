"""The committed pages of the marts are what the declarations say now."""

from pathlib import Path

from cdp_etl.marts.documents import render_mart_documents

_PAGES = Path(__file__).parents[2] / "docs" / "contract" / "marts"


def test_the_committed_pages_are_current_and_no_page_tells_of_a_mart_that_is_gone() -> None:
    committed = {f"marts/{page.name}": page.read_text(encoding="utf-8") for page in _PAGES.iterdir()}

    assert committed == render_mart_documents()

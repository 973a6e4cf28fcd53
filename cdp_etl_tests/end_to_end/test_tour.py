"""The recorded session of docs/tour.md is what its commands print."""

from pathlib import Path

import pytest

from cdp_etl_tests.end_to_end.tour import TOUR, record_tour


@pytest.mark.full
def test_the_tour_shows_what_its_commands_print(tmp_path: Path) -> None:
    """If a command prints something else on purpose: `python -m cdp_etl_tests.end_to_end.tour`."""
    page = TOUR.read_text(encoding="utf-8")

    assert record_tour(page, tmp_path) == page


def test_a_recording_replaces_what_was_printed_and_leaves_the_text(tmp_path: Path) -> None:
    page = "# Title\n$ no command\n```console\n$ pwd\nan old line\n$ echo 2026-12-01 03:39\n```\nText\n"
    printed = "$ pwd\n/srv/shop\n$ echo 2026-12-01 03:39\n2026-03-03 06:00\n"

    assert record_tour(page, tmp_path) == f"# Title\n$ no command\n```console\n{printed}```\nText\n"

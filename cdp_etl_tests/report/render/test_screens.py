"""The page in a real browser: no errors, no requests, every chart is drawn, nothing overflows."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cdp_etl.report.build import write_report
from cdp_etl_tests.report.days import EXPECTED, ReportWarehouse

pytestmark = pytest.mark.system

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Number of visible marks of each chart: bars, lines and points, not axes.
_MARKS = """
[...document.querySelectorAll('[data-chart]')].map(chart => [
  chart.dataset.chart,
  [...chart.querySelectorAll('.mark-rect path, .mark-line path, .mark-symbol path')]
    .filter(mark => { const box = mark.getBoundingClientRect(); return box.width > 0 || box.height > 0 }).length,
])
"""
_TOO_WIDE = """
[...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > window.innerWidth + 0.5)
  .map(element => element.tagName + ' ' + element.textContent.slice(0, 40))
"""
_SMALLEST_LETTERS = """
Math.min(...[...document.querySelectorAll('svg text')]
  .filter(text => text.textContent)
  .map(text => text.getBoundingClientRect().height))
"""

_FILTER = "getComputedStyle(document.querySelector('body > div')).filter"
_TOUCHING_DATES = """
[...document.querySelectorAll('[data-chart]')].flatMap(chart => {
  const texts = [...chart.querySelectorAll('svg text')];
  const dates = texts.filter(text => /^\\d+ [A-Z][a-z]{2}$/.test(text.textContent));
  const boxes = dates.map(date => [date.textContent, date.getBoundingClientRect()]);
  return boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom)
    .map(([other]) => `${chart.dataset.chart}: ${one} and ${other}`));
})
"""


@pytest.fixture(scope="module")
def report(fortnight: tuple[ReportWarehouse, date], tmp_path_factory: pytest.TempPathFactory) -> Path:
    report_warehouse, last = fortnight
    return write_report(report_warehouse.warehouse, last, tmp_path_factory.mktemp("reports"), EXPECTED).path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(
    params=[(320, "light"), (375, "dark"), (1000, "light"), (1440, "dark"), (1440, "light")],
    ids=lambda screen: f"{screen[0]}px-{screen[1]}",
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    with browser.new_context(
        viewport={"width": width, "height": 800}, offline=True, color_scheme=scheme
    ) as context:
        yield context.new_page()


def test_the_page_is_drawn_completely_and_without_errors_at_every_width(page: Page, report: Path) -> None:
    complaints: list[str] = []
    fetched: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))

    page.goto(report.as_uri())

    marks = dict(page.evaluate(_MARKS))
    assert complaints == []
    assert fetched == [report.as_uri()]
    assert marks.keys() == {"records-received", "share-quarantined", "interactions", "recipients"}
    assert min(marks.values()) > 0
    assert page.evaluate(_TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index] # it was set above
    assert page.evaluate(_SMALLEST_LETTERS) >= 9


def test_the_screenshot_is_not_blank(page: Page, report: Path, tmp_path: Path) -> None:
    page.goto(report.as_uri())

    picture = page.screenshot(path=tmp_path / "report.png", full_page=True)

    assert len(picture) > 30_000


def test_the_dates_of_neighbouring_panels_do_not_touch(page: Page, report: Path) -> None:
    page.goto(report.as_uri())

    assert page.evaluate(_TOUCHING_DATES) == []


def test_a_dark_screen_gets_a_dark_page_and_print_a_light_one(browser: Browser, report: Path) -> None:
    with browser.new_context(color_scheme="dark", offline=True) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        on_screen = page.evaluate(_FILTER)
        page.emulate_media(media="print")
        in_print = page.evaluate(_FILTER)

    assert on_screen.startswith("invert(")
    assert in_print == "none"

"""Dagster's UI in a real browser, on Postgres with a running daemon: clicks and views of a data engineer.

`make screenshots` saves the pictures for the README.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from cdp_etl.entities import ENTITIES
from cdp_etl.pipeline.layers import Layer
from cdp_etl.sample import generate
from cdp_etl_tests.end_to_end.comparing import statuses
from cdp_etl_tests.end_to_end.installation import Installation, installation
from cdp_etl_tests.end_to_end.postgres import Postgres
from cdp_etl_tests.report.render.test_screens import CHROMIUM, FLAGS

pytestmark = pytest.mark.system

# Recent dates, because Dagster plots the newest 120 dump dates; older than the lookback days, so that only the
# clicks load them.
FIRST = datetime.now(UTC).date() - timedelta(days=12)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
ENTITY = "email_interaction"
LONG = 400_000  # milliseconds; the machine may be busy
MAX_BYTES = 300_000


@pytest.fixture(scope="module")
def installed(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("ui")
    generate(home / "data" / "landing", DAYS[0], len(DAYS), 50, dirty=0.06)
    # The backfill refreshes the marts itself; the sensor would refresh them a second time.
    settings = {"CDP_ETL_MART_REFRESH_INTERVAL_SECONDS": "100000", "CDP_ETL_FIRST_DUMP_DATE": FIRST.isoformat()}
    with installation(home, postgres, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("SCREENSHOTS")
    return Path(kept).absolute() if kept else tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, installed: Installation) -> Iterator[Page]:
    with browser.new_context(
        base_url=installed.graphql.url, viewport={"width": 1280, "height": 800}, timezone_id="UTC"
    ) as context:
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield context.new_page()


def take_picture(page: Page, folder: Path, name: str) -> None:
    """Save a screenshot as a small PNG."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # charts and graphs are drawn gradually
    assert 10_000 < len(page.screenshot(path=folder / f"{name}.png")) < MAX_BYTES


def read_markdown(page: Page, installed: Installation, link: Locator, wanted: Locator) -> None:
    """Click on the link to a Markdown value until its dialog shows the expected text.

    Dagster redraws the table of values when a run reports progress, which closes an open dialog.
    """

    def is_shown() -> bool:
        if not page.get_by_role("dialog").is_visible():
            link.click()
        page.wait_for_timeout(1000)
        return wanted.is_visible()

    installed.wait("the dialog shows what is wanted", is_shown, seconds=60)


def choose_days(page: Page, first: date, last: date) -> None:
    """Fill in the days of the launch dialog."""
    dialog = page.get_by_role("dialog")
    days = dialog.locator("input[type=text]").first
    days.fill(first.isoformat() if first == last else f"[{first}...{last}]")
    days.blur()


def test_the_graph_loads_with_a_group_for_each_layer(page: Page, pictures: Path) -> None:
    page.goto("/asset-groups")

    for layer in Layer:
        expect(page.get_by_text(layer.value, exact=True).first).to_be_visible()
    take_picture(page, pictures, "graph")


def test_an_asset_is_materialized_by_clicking(page: Page, installed: Installation) -> None:
    page.goto(f"/assets/{Layer.LANDING.value}/{ENTITY}")
    page.get_by_role("button", name=re.compile("Materialize")).first.click()
    choose_days(page, DAYS[0], DAYS[0])

    page.get_by_role("dialog").get_by_role("button", name=re.compile("Launch")).click()

    installed.wait(
        "the run has succeeded",
        lambda: [run for run in installed.graphql.runs() if run.status == "SUCCESS"],
        seconds=120,
    )
    page.goto(f"/assets/{Layer.LANDING.value}/{ENTITY}?view=partitions&partition={DAYS[0]}")
    expect(page.get_by_text("Materialized", exact=True).first).to_be_visible(timeout=LONG)
    expect(page.get_by_text("complete_by").first).to_be_visible()


def test_a_backfill_of_three_days_is_launched_by_clicking_and_ends_green(
    page: Page, installed: Installation
) -> None:
    page.goto("/asset-groups")
    page.get_by_role("button", name=re.compile("Materialize all")).click()
    choose_days(page, DAYS[0], DAYS[-1])

    page.get_by_role("dialog").get_by_role("button", name=re.compile("Launch")).click()

    page.goto("/runs?view=backfills")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=LONG)
    ended = statuses(installed.settings.open_warehouse())
    assert set(ended) == {(entity.table, day) for entity in ENTITIES for day in DAYS}
    assert set(ended.values()) == {"loaded"}


def test_a_day_shows_its_figures_reasons_and_the_command_to_look_further(page: Page, pictures: Path) -> None:
    page.goto(f"/assets/{Layer.NORMALIZED.value}/{ENTITY}?view=partitions&partition={DAYS[-1]}")

    for name in ("records_read", "accepted", "quarantined", "quarantine_reasons", "look_further"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    expect(
        page.get_by_text(f"cdp-etl quarantine list --entity email-interaction --from {DAYS[-1]}")
    ).to_be_visible()
    take_picture(page, pictures, "day")


def test_checks_read_as_sentences_and_are_plotted(page: Page, pictures: Path) -> None:
    page.goto(f"/assets/{Layer.STAGING.value}/{ENTITY}?view=checks&checkDetail=quarantine_rate_is_low")

    expect(page.get_by_text(re.compile("records are quarantined")).first).to_be_visible(timeout=LONG)
    expect(page.locator("canvas")).to_have_count(3)  # accepted, quarantined, and the rate
    take_picture(page, pictures, "checks")


@pytest.mark.parametrize("layer", [Layer.NORMALIZED, Layer.STAGING], ids=lambda layer: layer.value)
def test_what_was_accepted_and_quarantined_is_plotted_day_by_day_on_the_asset(
    page: Page, pictures: Path, layer: Layer
) -> None:
    page.goto(f"/assets/{layer.value}/{ENTITY}")
    page.get_by_text("Plots", exact=True).click()

    for name in ("accepted", "quarantined"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    assert page.locator("canvas").count() >= 2
    expect(page.get_by_text("No numeric metadata entries")).to_have_count(0)
    if layer is Layer.NORMALIZED:
        page.locator("canvas").nth(3).scroll_into_view_if_needed()
        take_picture(page, pictures, "plots")


def test_a_mart_tells_its_owner_tags_columns_and_lineage(page: Page, pictures: Path) -> None:
    page.goto(f"/assets/{Layer.MARTS.value}/customer_product")

    for text in ("data-platform", "pii", "DuckDB", "affinity_score", "marts.customer_product"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    take_picture(page, pictures, "mart")


def test_a_mart_shows_what_it_has_applied_and_no_partitions(page: Page) -> None:
    page.goto(f"/assets/{Layer.MARTS.value}/customer_product")

    for text in ("newest_dump_date", DAYS[-1].isoformat(), "applied_loads"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.get_by_text("Materialize applies all pending loads", exact=False).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"of \d+ partitions"))).to_have_count(0)
    row = page.get_by_role("row").filter(has=page.get_by_text("applied_loads", exact=True)).first
    expect(row.get_by_text(ENTITY, exact=True)).to_be_visible()


def test_columns_show_their_types_and_what_they_are_made_from(page: Page, installed: Installation) -> None:
    page.goto(f"/assets/{Layer.MARTS.value}/customer_product")

    column = page.get_by_role("row").filter(has=page.get_by_text("affinity_score", exact=True)).first
    expect(column.get_by_text("DOUBLE", exact=True)).to_be_visible()
    made_from = page.get_by_role("row").filter(has=page.get_by_text("upstream_columns", exact=True))
    expect(page.get_by_text("rows_inserted", exact=True).first).to_be_visible()
    lineage = page.get_by_role("dialog").get_by_role("row").filter(has_text="product_sku").first
    origin = lineage.get_by_text("marts.customer_product_daily.product_sku", exact=True)
    read_markdown(page, installed, made_from.get_by_text("[Show Markdown]"), origin)


def test_the_report_of_a_day_is_linked_from_its_partition(page: Page, installed: Installation) -> None:
    page.goto(f"/assets/{Layer.REPORT.value}/daily?view=partitions&partition={DAYS[-1]}")

    expect(page.get_by_text(f"{DAYS[-1]}.html").first).to_be_visible()
    entity = page.get_by_role("dialog").get_by_text("E-mail interaction").first
    read_markdown(page, installed, page.get_by_text("[Show Markdown]"), entity)

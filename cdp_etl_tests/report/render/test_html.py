"""The page and its Markdown: content, self-containment, escaping, and absence of personal data."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import JSON, TEXT, TEXT_LIST, lake_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.columns import KINDS
from cdp_etl.report.build import render_report, report_markdown
from cdp_etl.report.render.chart_specs import GROUP_OF_KIND
from cdp_etl.report.render.styles import STYLE_SHEET
from cdp_etl.warehouse import WarehouseMissingError, record_attempt
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, day, make_record
from cdp_etl_tests.report.days import EXPECTED, ReportWarehouse

HOSTILE = "<script>alert(1)</script>[x](javascript:1) | `*_</td>"

_PUBLIC = {
    "record_key", "record_status", "event", "action", "status", "product_sku", "product_name", "company_id",
    "service_provider", "source_file",
}  # fmt: skip # columns about things, not about people
_CANARY = "canary"


class ParsedPage(HTMLParser):
    """The page as a browser reads it: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data.strip()}" if data.strip() else ""


@pytest.fixture(scope="module")
def page(fortnight: tuple[ReportWarehouse, date]) -> str:
    report_warehouse, last = fortnight
    return render_report(report_warehouse.warehouse, last, EXPECTED)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Sunday, 15 March 2026", id="the day"),
        pytest.param("All dumps are loaded, with 1 warning.", id="the status"),
        pytest.param(
            "Product activity: 28.6% of the records are quarantined; more than 10% is unusual.", id="why"
        ),
        pytest.param("21 records received 9.5% quarantined: 2 records", id="tiles"),
        pytest.param(
            "18 interactions on 15 Mar 3 customers with product interactions on 15 Mar", id="tiles of the marts"
        ),
        pytest.param("7 5 2 28.6%", id="records, usual day, quarantined"),
        pytest.param("Product comment not expected on this day", id="not expected"),
        pytest.param(
            "1 record was superseded by a later one with the same key in the same dump.", id="superseded"
        ),
        pytest.param("100.0% of the events in these dumps happened on 15 Mar.", id="when it happened"),
        pytest.param("actionId: required Product activity 2", id="reason"),
        pytest.param("Sent 4 Opened 2 · 50.0% Clicked 2 · 50.0%", id="e-mail"),
        pytest.param("Sent 2 Clicked 1 · 50.0%", id="sms"),
        pytest.param("Table S3 3 3 Lamp S1 1 1", id="top products"),
        pytest.param("Table S3 21 0 +21", id="rising"),
        pytest.param("Chair S2 0 28 −28", id="falling"),  # noqa: RUF001 - a minus
        pytest.param("No identities were merged or split.", id="identity"),
        pytest.param("Days and times are in the business time zone, UTC.", id="time zone"),
        pytest.param("sent opened clicked", id="legend of recipients"),
        pytest.param(
            "Product activity Comments and reviews Subscriptions E-mail SMS", id="legend of interactions"
        ),
    ],
)
def test_the_page_contains(page: str, text: str) -> None:
    assert text in re.sub(r"\s+", " ", ParsedPage(page).text)


def test_the_page_is_self_contained(page: str) -> None:
    elements = ParsedPage(page).elements
    attributes = [(name, value or "") for _, attributes in elements for name, value in attributes.items()]

    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "img", "iframe", "form", "object"})
    assert [tag for tag, _ in elements].count("style") == 1
    assert "url(" not in STYLE_SHEET
    assert "@import" not in STYLE_SHEET
    assert [name for name, _ in attributes if name.startswith("on") or name in {"href", "src", "xlink:href"}] == []
    assert [value for name, value in attributes if "url(" in value or "@import" in value] == []
    assert [name for name, _ in attributes if name == "id"] == []


def test_every_element_of_the_page_is_styled_in_place(page: str) -> None:
    """Mail programs drop style sheets, so a paragraph without a style would look like any other mail."""
    plain = [
        tag
        for tag, attributes in ParsedPage(page).elements
        if tag in {"p", "h1", "h2", "h3", "table", "td", "th", "ul", "li"} and "style" not in attributes
    ]

    assert plain == []


def test_each_chart_is_present_with_a_label(page: str) -> None:
    elements = ParsedPage(page).elements
    charts = [attributes["data-chart"] for _, attributes in elements if "data-chart" in attributes]
    labels = [attributes.get("aria-label") for tag, attributes in elements if tag == "svg"]

    assert charts == ["records-received", "share-quarantined", "interactions", "recipients"]
    assert all(labels)
    assert len(labels) == len(charts)


def test_the_same_warehouse_gives_the_same_page(fortnight: tuple[ReportWarehouse, date], page: str) -> None:
    report_warehouse, last = fortnight

    assert render_report(report_warehouse.warehouse, last, EXPECTED) == page


def test_a_hostile_product_name_is_text_and_nothing_else(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(
        ACTIVITY, 1, [make_record(ACTIVITY, "1", product_name=HOSTILE, product_sku='"><b>', company_id="<i>")]
    )
    report_warehouse.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", company_id="B")])
    report_warehouse.refresh_marts()

    page = render_report(report_warehouse.warehouse, day(1))
    markdown = report_markdown(report_warehouse.warehouse, day(1))

    assert HOSTILE in ParsedPage(page).text
    assert {"script", "b", "i"}.isdisjoint(tag for tag, _ in ParsedPage(page).elements)
    assert r"\<script\>alert(1)\</script\>\[x\](javascript:1) \| \`\*\_\</td\>" in markdown


def test_a_hostile_file_name_in_the_ledger_is_text_and_nothing_else(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.open()
    record_attempt(
        report_warehouse.warehouse, ACTIVITY, day(1), "failed", f"The file {HOSTILE}.ndjson cannot be read."
    )

    page = render_report(report_warehouse.warehouse, day(1))
    markdown = report_markdown(report_warehouse.warehouse, day(1))

    assert HOSTILE in ParsedPage(page).text
    assert "script" not in {tag for tag, _ in ParsedPage(page).elements}
    assert r"\<script\>alert(1)\</script\>\[x\](javascript:1)" in markdown


def test_no_personal_data_of_any_record_is_shown(report_warehouse: ReportWarehouse) -> None:
    for entity in ENTITIES:
        report_warehouse.load(
            entity, 1, [_record_with_canaries(entity, number) for number in range(3)], quarantined=1
        )
    with report_warehouse.warehouse.writing() as connection:
        connection.execute("UPDATE staging.quarantine SET raw = encode(?)", [_CANARY])
    report_warehouse.refresh_marts()

    page = render_report(report_warehouse.warehouse, day(1))
    markdown = report_markdown(report_warehouse.warehouse, day(1))

    assert "Lamp" in page
    assert "Lamp" in markdown
    assert _CANARY not in (page + markdown).lower()


def test_an_empty_history_is_reported_in_a_sentence(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.open()

    page = ParsedPage(render_report(report_warehouse.warehouse, day(1)))

    assert "No data for Sunday, 1 March 2026" in page.text
    assert [tag for tag, _ in page.elements if tag in {"table", "svg"}] == []
    assert report_markdown(report_warehouse.warehouse, day(1)) == (
        "### Sunday, 1 March 2026\n\n"
        "**No data for Sunday, 1 March 2026: no load of that dump date was attempted."
        " None was attempted for the 29 days before either.**\n"
    )


def test_an_absent_day_still_shows_the_days_before(fortnight: tuple[ReportWarehouse, date]) -> None:
    report_warehouse, last = fortnight

    page = ParsedPage(render_report(report_warehouse.warehouse, date(last.year, last.month, last.day + 1)))

    assert "No data for Monday, 16 March 2026" in page.text
    assert [tag for tag, _ in page.elements].count("svg") == 4


def test_an_empty_dump_is_loaded_and_has_no_shares(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [])
    report_warehouse.refresh_marts()

    text = ParsedPage(render_report(report_warehouse.warehouse, day(1))).text

    assert "0 records received" in text
    assert "No record was quarantined." in text


def test_without_reported_sent_messages_there_are_no_shares(report_warehouse: ReportWarehouse) -> None:
    opened = [make_record(EMAIL, f"{n}", identifiers=[f"e:{n}"], event="opened") for n in range(3)]
    report_warehouse.load(EMAIL, 1, [*opened, make_record(EMAIL, "9", identifiers=["e:1"], event="clicked")])
    report_warehouse.refresh_marts()

    text = ParsedPage(render_report(report_warehouse.warehouse, day(1))).text

    assert "Opened 3 Clicked 1 The providers report no sent messages, so there are no shares." in text


def test_the_short_version_has_status_messages_and_products(fortnight: tuple[ReportWarehouse, date]) -> None:
    report_warehouse, last = fortnight

    markdown = report_markdown(report_warehouse.warehouse, last, EXPECTED)

    assert markdown.startswith("### Sunday, 15 March 2026\n\n**All dumps are loaded, with 1 warning.**\n")
    assert (
        "**E-mail**, people in the seven days to 15 Mar: sent 4, opened 2 (50.0%), clicked 2 (50.0%)." in markdown
    )
    assert "| Table | 3 | 3 |" in markdown


def test_revenue_segments_and_unmapped_events_are_shown(report_warehouse: ReportWarehouse) -> None:
    """In the first week a purchase for 20. In the second two for 10, one without a price, and a refund of 5."""
    sales = [
        ("1", 8, "Purchase", 20),
        ("2", 14, "Purchase", 10),
        ("3", 15, "Purchase", 10),
        ("4", 15, "Refund", 5),
        ("5", 15, "Purchase", None),
    ]
    report_warehouse.load(
        ACTIVITY,
        15,
        [make_record(ACTIVITY, own_id, on, action=action, price=price) for own_id, on, action, price in sales],
    )
    report_warehouse.load(EMAIL, 15, [make_record(EMAIL, "1", 15, event="quacked")])
    report_warehouse.refresh_marts(segments={"buyers": "purchase_count > 0"})

    text = ParsedPage(render_report(report_warehouse.warehouse, day(15))).text

    assert "15 Mar 2 1 5 Week 3 1 15 Week before 1 0 20" in text
    assert "2 of the week's purchases" not in text
    assert "1 of the week's purchases and refunds have no amount" in text
    assert "buyers 1 1 0" in text
    assert "1 unmapped event" in text
    assert "quacked (1)" in text


def test_without_a_warehouse_there_is_an_error_and_no_page(report_warehouse: ReportWarehouse) -> None:
    with pytest.raises(WarehouseMissingError):
        render_report(report_warehouse.warehouse, day(1))


def _record_with_canaries(entity: Entity, number: int) -> Mapping[str, Any]:
    """Return a record with a canary in every column that may hold personal data."""
    texts = dict(_canaries(entity, number))
    named = {"product_name": "Lamp"} & {column.name: "" for column in lake_columns(entity)}.keys()
    return make_record(
        entity,
        f"{_CANARY}{number}",
        identifiers=[f"c:{_CANARY}{number}", f"e:{_CANARY}{number}"],
        **texts | dict.fromkeys(named, "Lamp"),
    )


def _canaries(entity: Entity, number: int) -> Iterable[tuple[str, Any]]:
    for column in lake_columns(entity):
        if column.name in _PUBLIC or column.name in {"identifiers", "customer_key", entity.own_id}:
            continue
        if column.type is TEXT:
            yield column.name, f"{_CANARY}{number}"
        elif column.type is TEXT_LIST and column.name != "warnings":
            yield column.name, [f"{_CANARY}{number}"]
        elif column.type is JSON:
            yield column.name, f'{{"{_CANARY}":"{_CANARY}"}}'


def test_the_chart_of_interactions_has_a_group_for_every_kind() -> None:
    assert set(GROUP_OF_KIND) == set(KINDS)


def test_no_label_of_a_count_is_a_fraction(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    report_warehouse.refresh_marts()

    svgs = re.findall(r"<svg.*?</svg>", render_report(report_warehouse.warehouse, day(1)))
    labels = [label for svg in svgs for label in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]

    assert {"0", "1"} <= set(labels)
    assert [label for label in labels if re.fullmatch(r"0\.\d+|\d+m", label)] == []

"""The page and its Markdown: what they say, that they are self-contained, and what must never be on them."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import JSON, TEXT, TEXT_LIST, lake_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.report import render_report, report_markdown
from cdp_etl.warehouse import WarehouseMissingError, record_attempt
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, day, make_record
from cdp_etl_tests.report.days import EXPECTED, Shop

HOSTILE = "<script>alert(1)</script>[x](javascript:1) | `*_</td>"

_PUBLIC = {
    "record_key", "record_status", "event", "action", "status", "product_sku", "product_name", "company_id",
    "service_provider", "source_file",
}  # fmt: skip # what a record says of things, not of people
_CANARY = "canary"


class Parsed(HTMLParser):
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
def page(fortnight: tuple[Shop, date]) -> str:
    shop, last = fortnight
    return render_report(shop.warehouse, last, EXPECTED)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Sunday, 15 March 2026", id="the day"),
        pytest.param("All is loaded, but 1 thing is worth a look.", id="the judgement"),
        pytest.param("Product activity: 28.6% of the records were refused; more than 10% is unusual.", id="why"),
        pytest.param("21 records received 9.5% refused: 2 records", id="tiles"),
        pytest.param(
            "18 interactions on 15 Mar 3 customers dealt with a product on 15 Mar", id="tiles of the marts"
        ),
        pytest.param("7 5 2 28.6%", id="records, a usual day, refused"),
        pytest.param("Product comment not expected on this day", id="not expected"),
        pytest.param("1 record was replaced by a later one with the same key in the same dump.", id="superseded"),
        pytest.param("100.0% of what these dumps tell happened on 15 Mar.", id="when it happened"),
        pytest.param("actionId: required Product activity 2", id="why refused"),
        pytest.param("Sent 4 Opened 2 · 50.0% Clicked 2 · 50.0%", id="e-mail"),
        pytest.param("Sent 2 Clicked 1 · 50.0%", id="sms"),
        pytest.param("Table S3 3 3 Lamp S1 1 1", id="top products"),
        pytest.param("Table S3 21 0 +21", id="rising"),
        pytest.param("Chair S2 0 28 −28", id="falling"),  # noqa: RUF001 - a minus
        pytest.param("Nobody turned out to be somebody else.", id="identity"),
    ],
)
def test_the_page_says(page: str, said: str) -> None:
    text = re.sub(r"\s+", " ", Parsed(page).text)

    assert said in text


def test_the_page_is_self_contained(page: str) -> None:
    elements = Parsed(page).elements
    attributes = [(name, value or "") for _, attributes in elements for name, value in attributes.items()]

    assert {tag for tag, _ in elements}.isdisjoint({"script", "style", "link", "img", "iframe", "form", "object"})
    assert [name for name, _ in attributes if name.startswith("on") or name in {"href", "src", "xlink:href"}] == []
    assert [value for name, value in attributes if "url(" in value or "@import" in value] == []
    assert [name for name, _ in attributes if name == "id"] == []


def test_every_element_of_the_page_is_styled_in_place(page: str) -> None:
    """Mail programs drop style sheets, so a paragraph without a style would look like any other mail."""
    plain = [
        tag
        for tag, attributes in Parsed(page).elements
        if tag in {"p", "h1", "h2", "h3", "table", "td", "th", "ul", "li"} and "style" not in attributes
    ]

    assert plain == []


def test_each_plot_is_there_with_its_words(page: str) -> None:
    elements = Parsed(page).elements
    charts = [attributes["data-plot"] for _, attributes in elements if "data-plot" in attributes]
    labels = [attributes.get("aria-label") for tag, attributes in elements if tag == "svg"]

    assert charts == ["records-received", "share-refused", "interactions", "recipients"]
    assert all(labels)
    assert len(labels) == len(charts)


def test_the_same_warehouse_gives_the_same_page(fortnight: tuple[Shop, date], page: str) -> None:
    shop, last = fortnight

    assert render_report(shop.warehouse, last, EXPECTED) == page


def test_a_hostile_product_name_is_text_and_nothing_else(shop: Shop) -> None:
    shop.load(
        ACTIVITY, 1, [make_record(ACTIVITY, "1", product_name=HOSTILE, product_sku='"><b>', company_id="<i>")]
    )
    shop.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", company_id="B")])
    shop.refresh_marts()

    page = render_report(shop.warehouse, day(1))
    markdown = report_markdown(shop.warehouse, day(1))

    assert HOSTILE in Parsed(page).text
    assert {"script", "b", "i"}.isdisjoint(tag for tag, _ in Parsed(page).elements)
    assert r"\<script\>alert\(1\)\</script\>\[x\]\(javascript\:1\) \| \`\*\_\</td\>" in markdown


def test_a_hostile_file_name_in_the_ledger_is_text_and_nothing_else(shop: Shop) -> None:
    shop.open()
    record_attempt(shop.warehouse, ACTIVITY, day(1), "failed", f"The file {HOSTILE}.ndjson cannot be read.")

    page = render_report(shop.warehouse, day(1))
    markdown = report_markdown(shop.warehouse, day(1))

    assert HOSTILE in Parsed(page).text
    assert "script" not in {tag for tag, _ in Parsed(page).elements}
    assert r"\<script\>alert\(1\)\</script\>\[x\]\(javascript\:1\)" in markdown


def test_no_personal_data_of_any_record_is_told(shop: Shop) -> None:
    for entity in ENTITIES:
        shop.load(entity, 1, [_bugged(entity, number) for number in range(3)], quarantined=1)
    with shop.warehouse.writing() as connection:
        connection.execute("UPDATE staging.quarantine SET raw = encode(?)", [_CANARY])
    shop.refresh_marts()

    page = render_report(shop.warehouse, day(1))
    markdown = report_markdown(shop.warehouse, day(1))

    assert "Lamp" in page
    assert "Lamp" in markdown
    assert _CANARY not in (page + markdown).lower()


def test_a_history_of_nothing_is_told_in_a_sentence(shop: Shop) -> None:
    shop.open()

    page = Parsed(render_report(shop.warehouse, day(1)))

    assert "Nothing has arrived for Sunday, 1 March 2026" in page.text
    assert [tag for tag, _ in page.elements if tag in {"table", "svg"}] == []
    assert report_markdown(shop.warehouse, day(1)) == (
        "### Sunday, 1 March 2026\n\n"
        "**Nothing has arrived for Sunday, 1 March 2026: no dump of that date was loaded or tried."
        " Nor was any of the 29 days before.**\n"
    )


def test_an_absent_day_still_shows_the_days_before(fortnight: tuple[Shop, date]) -> None:
    shop, last = fortnight

    page = Parsed(render_report(shop.warehouse, date(last.year, last.month, last.day + 1)))

    assert "Nothing has arrived for Monday, 16 March 2026" in page.text
    assert [tag for tag, _ in page.elements].count("svg") == 4


def test_a_dump_of_nothing_is_loaded_and_has_no_shares(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, [])
    shop.refresh_marts()

    text = Parsed(render_report(shop.warehouse, day(1))).text

    assert "0 records received" in text
    assert "No record was refused." in text


def test_providers_that_report_no_sendings_give_no_shares(shop: Shop) -> None:
    opened = [make_record(EMAIL, f"{n}", identifiers=[f"e:{n}"], event="opened") for n in range(3)]
    shop.load(EMAIL, 1, [*opened, make_record(EMAIL, "9", identifiers=["e:1"], event="clicked")])
    shop.refresh_marts()

    text = Parsed(render_report(shop.warehouse, day(1))).text

    assert "Opened 3 Clicked 1 The providers report no sendings, so there are no shares." in text


def test_the_short_version_tells_the_day(fortnight: tuple[Shop, date]) -> None:
    shop, last = fortnight

    markdown = report_markdown(shop.warehouse, last, EXPECTED)

    assert markdown.startswith("### Sunday, 15 March 2026\n\n**All is loaded, but 1 thing is worth a look.**\n")
    assert (
        "**E-mail**, people in the seven days to 15 Mar: sent 4, opened 2 (50.0%), clicked 2 (50.0%)." in markdown
    )
    assert "| Table | 3 | 3 |" in markdown


def test_without_a_warehouse_there_is_an_error_and_no_page(shop: Shop) -> None:
    with pytest.raises(WarehouseMissingError):
        render_report(shop.warehouse, day(1))


def _bugged(entity: Entity, number: int) -> Mapping[str, Any]:
    """Give a record with a canary wherever it may say something of a person."""
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

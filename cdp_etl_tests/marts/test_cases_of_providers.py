"""Dumps as partners send them (`cdp_etl_tests/cases`): what the marts make of events and persons."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import mart_named
from cdp_etl_tests.marts.delivering import Deliverer

CASES = Path(__file__).parents[1] / "cases"
DUMP = date(2026, 3, 1)


@pytest.fixture
def warehouse(tmp_path: Path) -> Deliverer:
    return Deliverer(tmp_path)


def _rows(warehouse: Deliverer, case: str, entity: str, mart: str, sql: str) -> list[dict[str, Any]]:
    (path,) = (CASES / case).glob("*.ndjson")
    warehouse.deliver_text(entity, DUMP, path.read_text(encoding="utf-8"))
    refresh_marts(warehouse.loader.warehouse, warehouse.settings, [mart_named(mart)])
    return warehouse.loader.rows(sql)


def test_brevos_words_give_a_cohort_and_rates_of_people(warehouse: Deliverer) -> None:
    rates = "SELECT cohort_count, open_rate, click_rate FROM marts.campaign_daily"

    found = _rows(warehouse, "m12-brevo-campaign", "email-interaction", "campaign_daily", rates)

    assert found == [{"cohort_count": 10, "open_rate": 0.6, "click_rate": 0.3}]


def test_opens_that_sendgrid_marks_as_a_machines_count_apart(warehouse: Deliverer) -> None:
    rates = "SELECT open_rate, open_rate_with_machines FROM marts.campaign_daily"

    found = _rows(warehouse, "m13-machine-opens", "email-interaction", "campaign_daily", rates)

    assert found == [{"open_rate": 0.2, "open_rate_with_machines": 1.0}]


def test_placeholders_of_customer_ids_link_nobody(warehouse: Deliverer) -> None:
    persons = "SELECT count(DISTINCT person_id) AS persons FROM marts.customer_identity"

    found = _rows(warehouse, "m15-placeholder-ids", "customer-product-activity", "shared_identifier", persons)

    assert found == [{"persons": 15}]
    assert warehouse.loader.rows(
        "SELECT identifier, exclusion_reason FROM marts.shared_identifier ORDER BY identifier"
    ) == [
        {"identifier": f"c:{value}", "exclusion_reason": "placeholder"}
        for value in ("0", "n/a", "null", "undefined")
    ]


def test_a_number_of_before_2018_and_its_new_form_are_one_person(warehouse: Deliverer) -> None:
    persons = "SELECT count(DISTINCT person_id) AS persons FROM marts.customer_identity"

    found = _rows(warehouse, "m17-old-prefix", "customer-product-activity", "customer_identity", persons)

    assert found == [{"persons": 1}]
    assert warehouse.loader.rows("SELECT DISTINCT customer_phone_e164 FROM staging.customer_product_activity") == [
        {"customer_phone_e164": "+84331234567"}
    ]

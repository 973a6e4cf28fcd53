"""Column lineage of the marts."""

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.docs.lineage import SourceColumn, SourceField, column_lineage, field_lineage, staging_fields
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.shared_identifier import SHARED_IDENTIFIER
from cdp_etl.marts.registry import MARTS, mart_named


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_every_column_of_a_mart_has_its_lineage(mart: Mart) -> None:
    assert list(column_lineage(mart)) == [column.name for column in mart.columns]
    assert list(field_lineage(mart)) == [column.name for column in mart.columns]


def test_a_column_is_traced_through_the_common_table_expressions_to_staging() -> None:
    assert column_lineage(INTERACTION)["rating"] == (SourceColumn("staging", "customer_product_review", "rating"),)
    assert column_lineage(INTERACTION)["amount"] == (
        SourceColumn("staging", "customer_product_activity", "price"),
        SourceColumn("staging", "customer_product_activity", "quantity"),
        SourceColumn("staging", "customer_product_comment", "product_price"),
        SourceColumn("staging", "customer_product_comment", "product_price4_sale"),
        SourceColumn("staging", "customer_product_review", "product_price"),
        SourceColumn("staging", "customer_product_review", "product_price4_sale"),
    )


def test_a_mart_is_traced_through_another_to_the_fields_of_the_contract() -> None:
    assert column_lineage(CUSTOMER_PRODUCT_DAILY)["first_at"] == (
        SourceColumn("marts", "interaction", "occurred_at"),
    )
    assert (
        SourceField("customer-product-review", "reviewedAt") in field_lineage(CUSTOMER_PRODUCT_DAILY)["first_at"]
    )
    assert SourceField("email-interaction", "email") in field_lineage(CUSTOMER_PRODUCT_DAILY)["customer_key"]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_shared_identifier_is_traced_to_the_placeholders_of_each_entity(entity: Entity) -> None:
    assert SourceColumn("staging", entity.table, "placeholders") in column_lineage(SHARED_IDENTIFIER)["identifier"]
    assert {field.field for field in staging_fields(entity, "placeholders")} == {
        field.contract_name
        for field in entity.fields
        if field.name == "customer_id" or field.name in {contact.name for contact in entity.contacts}
    }


def test_a_column_that_counts_rows_has_no_upstream_column() -> None:
    assert column_lineage(mart_named("interaction_daily"))["interaction_count"] == ()

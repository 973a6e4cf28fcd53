"""Facts that must hold between the marts: each is a query that counts what contradicts it.

All of them read whole marts: for `cdp-etl check --full`, a weekly run, and before a snapshot that matters. What is
cheap enough for every run (that the touched keys are unique) is held by `changing.py` before it commits. That a
mart is its own full rebuild is `agreement.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.catalogue import MARTS
from cdp_etl.marts.mart import Mart
from cdp_etl.warehouse.connection import Warehouse

_BY_DAY = "company_id, activity_date"


@dataclass(frozen=True, slots=True)
class Check:
    """A fact about a mart.

    Attributes:
        name: The fact.
        mart: The mart that it speaks of, by name.
        description: What it means, for a person.
        violations: A query that counts what contradicts it: one row, one column.
        is_blocking: Whether nothing may be published while it does not hold.
    """

    name: str
    mart: str
    description: str
    violations: str
    is_blocking: bool = True


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check came out: how many rows or groups contradict the fact."""

    check: Check
    violations: int

    @property
    def passed(self) -> bool:
        """Whether the fact holds."""
        return self.violations == 0


def grain_is_unique(mart: Mart) -> Check:
    """Give the check that no two rows of the mart have one grain."""
    grain = ", ".join(mart.grain)
    return Check(
        "grain_is_unique",
        mart.name,
        f"No two rows have the same {grain}.",
        f"SELECT count(*) FROM (SELECT 1 FROM {mart.table} GROUP BY {grain} HAVING count(*) > 1)",
    )


def _groups_that_differ(one: str, other: str, by: str) -> str:
    """Give the query that counts the groups for which two counts, each named `n`, are not the same."""
    return (
        f"SELECT count(*) FROM ({one}) AS one FULL JOIN ({other}) AS other USING ({by})"
        " WHERE one.n IS DISTINCT FROM other.n"
    )


def _staging_counts() -> str:
    return " UNION ALL ".join(
        f"SELECT '{entity.table}' AS entity, count(*) AS n FROM staging.{entity.table}_current HAVING count(*) > 0"
        for entity in ENTITIES
    )


CHECKS: Sequence[Check] = (
    *(grain_is_unique(mart) for mart in MARTS),
    Check(
        "agrees_with_staging",
        "interaction",
        "It has as many rows of each entity as staging has current, not deleted records.",
        _groups_that_differ(
            "SELECT entity, count(*) AS n FROM marts.interaction GROUP BY entity", _staging_counts(), "entity"
        ),
    ),
    Check(
        "totals_agree_with_interaction",
        "interaction_daily",
        "On every day it counts as many interactions as there are.",
        _groups_that_differ(
            f"SELECT {_BY_DAY}, sum(interaction_count) AS n FROM marts.interaction_daily GROUP BY {_BY_DAY}",
            f"SELECT {_BY_DAY}, count(*) AS n FROM marts.interaction GROUP BY {_BY_DAY}",
            _BY_DAY,
        ),
    ),
    Check(
        "totals_agree_with_interaction",
        "customer_product_daily",
        "On every day it counts as many interactions as there are with both a customer and a product.",
        _groups_that_differ(
            f"SELECT {_BY_DAY}, sum(interaction_count) AS n FROM marts.customer_product_daily GROUP BY {_BY_DAY}",
            f"SELECT {_BY_DAY}, sum(customer_and_product_count) AS n FROM marts.interaction_daily"
            f" GROUP BY {_BY_DAY} HAVING sum(customer_and_product_count) > 0",
            _BY_DAY,
        ),
    ),
    Check(
        "customer_keys_are_known",
        "customer_identity",
        "Every customer key of an interaction stands for a person.",
        "SELECT count(*) FROM marts.interaction ANTI JOIN marts.customer_identity"
        " ON interaction.company_id = customer_identity.company_id"
        " AND interaction.customer_key = customer_identity.identifier WHERE customer_key IS NOT NULL",
    ),
    Check(
        "totals_agree_with_customer_product_daily",
        "customer_product",
        "Of every product it counts as many interactions as the days do.",
        _groups_that_differ(
            "SELECT company_id, product_sku, sum(interaction_count) AS n FROM marts.customer_product"
            " GROUP BY company_id, product_sku",
            "SELECT company_id, product_sku, sum(interaction_count) AS n FROM marts.customer_product_daily"
            " GROUP BY company_id, product_sku",
            "company_id, product_sku",
        ),
    ),
    Check(
        "totals_agree_with_interaction",
        "product",
        "Of every product it counts as many interactions as there are.",
        _groups_that_differ(
            "SELECT company_id, product_sku, interaction_count AS n FROM marts.product",
            "SELECT company_id, product_sku, count(*) AS n FROM marts.interaction WHERE product_sku IS NOT NULL"
            " GROUP BY company_id, product_sku",
            "company_id, product_sku",
        ),
    ),
    Check(
        "totals_agree_with_interaction",
        "campaign_daily",
        "On every day it counts as many events of campaigns as there are.",
        _groups_that_differ(
            f"SELECT {_BY_DAY}, sum(event_count) AS n FROM marts.campaign_daily GROUP BY {_BY_DAY}",
            f"SELECT {_BY_DAY}, count(*) AS n FROM marts.interaction WHERE campaign_id IS NOT NULL"
            f" GROUP BY {_BY_DAY}",
            _BY_DAY,
        ),
    ),
    Check(
        "totals_agree_with_interaction",
        "customer",
        "Of every company it counts as many interactions as there are with a customer.",
        _groups_that_differ(
            "SELECT company_id, sum(interaction_count) AS n FROM marts.customer GROUP BY company_id",
            "SELECT company_id, count(*) AS n FROM marts.interaction WHERE customer_key IS NOT NULL"
            " GROUP BY company_id",
            "company_id",
        ),
    ),
)
"""All checks, in the order of the marts that they speak of."""


def run_checks(warehouse: Warehouse, checks: Iterable[Check] = CHECKS) -> Sequence[CheckResult]:
    """Run checks on all rows of the marts; the marts must have been run.

    Raises:
        WarehouseMissingError, WarehouseLockedError: where the warehouse cannot be read.
    """
    with warehouse.reading() as connection:
        return [CheckResult(check, _violations(connection, check)) for check in checks]


def _violations(connection: duckdb.DuckDBPyConnection, check: Check) -> int:
    ((count,),) = connection.execute(check.violations).fetchall()
    return int(count)

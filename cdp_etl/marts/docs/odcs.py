"""Open Data Contract Standard document of a mart: columns, grain as primary key, checks as quality rules.

`cdp_etl.contract.render.odcs` defines the form that marts and entities share.
"""

import textwrap
from typing import Any

from cdp_etl.contract.render.odcs import odcs_document, odcs_property
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.checks.value_check import VALUES_ARE_VALID
from cdp_etl.marts.engine.mart import Mart


def mart_contract(mart: Mart) -> str:
    """Return the ODCS document of a mart, as YAML."""
    usage = "Read the published snapshot: all marts as of one load, published only if every rule passes."
    limitations = {"limitations": mart.header.notes} if mart.header.notes else {}
    return odcs_document(
        "marts",
        mart.name,
        {"purpose": mart.header.meaning, "usage": usage, **limitations},
        {
            "dataGranularityDescription": f"One row for each {', '.join(mart.grain)}.",
            "properties": [odcs_property(column, mart.grain) for column in mart.columns],
            "quality": [_rule(check) for check in checks_of(mart)],
        },
    )


def _rule(check: Check) -> dict[str, Any]:
    """Return a check as a rule: a query that counts the violations in the warehouse.

    The value rules have no query, because their bounds depend on the ledger and on the business time zone.
    """
    if check.name == VALUES_ARE_VALID:
        return {"name": check.name, "description": check.description, "type": "text"}
    return {
        "name": check.name,
        "description": check.description,
        "type": "sql",
        "query": f"SELECT count(*)\nFROM (\n{textwrap.dedent(check.full_sql).strip()}\n)",
        "mustBe": 0,
        "severity": "error",
    }

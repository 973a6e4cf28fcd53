"""Blocking asset checks of a mart refresh, evaluated on the changed keys before commit.

If a check fails, the refresh is rolled back, and downstream marts and the snapshot are not materialized.
`full_checks.py` has the same checks over all rows.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from cdp_etl.defs.keys import asset_key
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.checks.model import Check, CheckResult
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.pipeline.layers import Layer

_NOTHING_APPLIED = "There was no unapplied load, so no row has changed."


def refresh_checks_of(mart: Mart) -> Sequence[Check]:
    """Return the checks that a refresh evaluates; none for a change log, which only full checks cover."""
    return (
        []
        if mart.change_log_of
        else [check for check in checks_of(mart) if check.incremental_sql or mart.refresh_scope is None]
    )


def check_specs(mart: Mart) -> Sequence[dg.AssetCheckSpec]:
    """Return the check specs of a mart's refresh."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=asset_key(Layer.MARTS, mart.name),
            description=f"{check.description} Checked for the changed keys; a failure blocks the publish.",
            blocking=True,
        )
        for check in refresh_checks_of(mart)
    ]


def check_results(mart: Mart, results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of each check: counts, and hashes of the keys that violate it."""
    by_name = {result.check.name: result for result in results}
    for check in refresh_checks_of(mart):
        result = by_name.get(check.name)
        yield dg.AssetCheckResult(
            passed=result is None or result.passed,
            asset_key=asset_key(Layer.MARTS, mart.name),
            check_name=check.name,
            description=_NOTHING_APPLIED if result is None else result.sentence,
            metadata={} if result is None or result.passed else _figures(result),
        )


def _figures(result: CheckResult) -> dict[str, dg.MetadataValue[str] | int]:
    counts: dict[str, dg.MetadataValue[str] | int] = {
        "violations": result.violations,
        "found": result.found,
        "expected": result.expected,
    }
    if result.check.shown_key:
        return counts
    keys = ", ".join(f"'{key}'" for key in result.keys)
    return counts | {
        "rows_before_the_run": dg.MetadataValue.md(
            f"In the warehouse: `FROM marts.{result.check.mart} WHERE {result.check.key_expression} IN ({keys})`"
        ),
    }

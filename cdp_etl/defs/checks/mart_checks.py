"""The checks of a mart's run, as Dagster shows them: on the keys that the run touched, before it is committed.

All of them block: where one does not hold the run is undone, and neither the marts behind it nor the snapshot are
made. Put here how results become events. What must hold stands in `cdp_etl.marts.checks.definitions`; the same
facts over all rows are `full_checks.py`.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from cdp_etl.defs.keys import asset_key
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.checks.model import Check, CheckResult
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.pipeline.layers import Layer

_NOTHING_TOUCHED = "Nothing was pending, so no row has changed."


def run_checks_of(mart: Mart) -> Sequence[Check]:
    """Give the checks of a mart that its runs make; one that another writes to is checked over all rows alone."""
    return [] if mart.change_log_of else [check for check in checks_of(mart) if check.incremental_sql or mart.refresh_scope is None]


def check_specs(mart: Mart) -> Sequence[dg.AssetCheckSpec]:
    """Declare the checks of a mart's run."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=asset_key(Layer.MARTS, mart.name),
            description=f"{check.description} Of the keys that the run touched; nothing else is published.",
            blocking=True,
        )
        for check in run_checks_of(mart)
    ]


def check_results(mart: Mart, results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """Tell how each check of a run came out: counts, and hashes of the keys that contradict it."""
    by_name = {result.check.name: result for result in results}
    for check in run_checks_of(mart):
        result = by_name.get(check.name)
        yield dg.AssetCheckResult(
            passed=result is None or result.passed,
            asset_key=asset_key(Layer.MARTS, mart.name),
            check_name=check.name,
            description=_NOTHING_TOUCHED if result is None else result.sentence,
            metadata={} if result is None or result.passed else _figures(result),
        )


def _figures(result: CheckResult) -> dict[str, dg.MetadataValue[str] | int]:
    keys = ", ".join(f"'{key}'" for key in result.keys)
    return {
        "violations": result.violations,
        "found": result.found,
        "expected": result.expected,
        "rows_before_the_run": dg.MetadataValue.md(
            f"In the warehouse: `FROM marts.{result.check.mart} WHERE {result.check.key_expression} IN ({keys})`"
        ),
    }

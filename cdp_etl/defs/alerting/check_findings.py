"""Findings about failed full checks.

The weekly run that evaluates a failed check succeeds, so no failed run reports it. Failed checks of a single load
are no findings: the UI and the report show them.
"""

from collections.abc import Iterator

import dagster as dg

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.defs.checks.full_checks import FULL_CHECK_KEYS
from cdp_etl.defs.runtime.dagster_internals import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)


def check_findings(instance: dg.DagsterInstance) -> Iterator[Finding]:
    """Yield a finding for each check whose last completed evaluation failed."""
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(FULL_CHECK_KEYS)
    for key in sorted(newest, key=lambda key: key.to_user_string()):
        evaluation = _evaluation(newest[key]) or _last_completed(instance, key)
        if evaluation is not None and not evaluation.passed:
            yield Finding(
                FindingKind.CHECK_FAILED,
                f"{key.asset_key.to_user_string()} {key.name}",
                evaluation.description or "The check failed.",
                {"table": ".".join(key.asset_key.path), "job": "check_full"},
                "cdp-etl check --full",
                fingerprint=evaluation.description or "",
            )


def _last_completed(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """Return the evaluation before one that is planned or in progress."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    return _evaluation(records[0]) if records else None


def _evaluation(record: AssetCheckExecutionRecord) -> dg.AssetCheckEvaluation | None:
    return record.evaluation if isinstance(record.evaluation, dg.AssetCheckEvaluation) else None

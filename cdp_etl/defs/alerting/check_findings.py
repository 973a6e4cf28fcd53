"""Findings about checks over everything that is stored: a table that is not what it must be.

The weekly run that finds that succeeds, so no failed run tells of it. Put here which checks a person must hear of;
those of a single load warn in the UI and in the report.
"""

from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.defs.checks.full_checks import FULL_CHECK_KEYS


def check_findings(instance: dg.DagsterInstance) -> Iterator[Finding]:
    """Give the checks that did not hold when they were last made."""
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(FULL_CHECK_KEYS)
    for key in sorted(newest, key=lambda key: key.to_user_string()):
        evaluation = _evaluation(newest[key]) or _before(instance, key)
        if evaluation is not None and not evaluation.passed:
            yield Finding(
                FindingKind.CHECK_FAILED,
                f"{key.asset_key.to_user_string()} {key.name}",
                evaluation.description or "It does not hold.",
                {"table": ".".join(key.asset_key.path), "job": "check_full"},
                "cdp-etl check --full",
                fingerprint=evaluation.description or "",
            )


def _before(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """Give how a check ended before the one that is planned or at work now."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    return _evaluation(records[0]) if records else None


def _evaluation(record: AssetCheckExecutionRecord) -> dg.AssetCheckEvaluation | None:
    return record.evaluation if isinstance(record.evaluation, dg.AssetCheckEvaluation) else None

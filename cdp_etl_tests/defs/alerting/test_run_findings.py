"""Findings about failed runs: one that failed only because of dumps is left to the ledger."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cdp_etl.alerts.message import RunLinks
from cdp_etl.defs.alerting.run_findings import run_findings
from cdp_etl.defs.assets.load import ALL_FAILURES_IN_LEDGER

OLD_KEY = "days_stand_in_the_ledger"


def fail(instance: dg.DagsterInstance, metadata: dict[str, bool]) -> None:
    """Run a job whose only step fails with this metadata."""

    @dg.op(name="fail")
    def op() -> None:
        raise dg.Failure(description="1 of 1 dumps failed.", metadata=metadata)

    @dg.job(name="load")
    def job() -> None:
        op()

    job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def descriptions(instance: dg.DagsterInstance) -> list[str]:
    return [finding.description for finding in run_findings(instance, None, RunLinks(""), datetime.now(UTC))]


@pytest.mark.parametrize("key", [ALL_FAILURES_IN_LEDGER, OLD_KEY])
def test_a_run_whose_failures_are_all_in_the_ledger_is_no_finding(instance: dg.DagsterInstance, key: str) -> None:
    """Events of version 0.1.0 have the old key and stay readable."""
    fail(instance, {key: True})

    assert descriptions(instance) == []


@pytest.mark.parametrize("metadata", [{}, {ALL_FAILURES_IN_LEDGER: False}, {OLD_KEY: False}])
def test_any_other_failed_run_is_a_finding(instance: dg.DagsterInstance, metadata: dict[str, bool]) -> None:
    fail(instance, metadata)

    assert descriptions(instance) == ["1 of 1 dumps failed."]

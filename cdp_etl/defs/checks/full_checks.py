"""Asset checks over all stored data, with the job `check_full` and the schedule `weekly_check`.

Each load and each refresh checks the changed keys before it commits. These checks read whole tables, so they are
not part of the daily jobs. A mart that fails is rebuilt by its next refresh, before anything is published.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import dagster as dg

from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.pools import WAREHOUSE_POOL
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks.model import REBUILD_HINT, CheckResult
from cdp_etl.marts.full_check.check import check_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.check import check_snapshot
from cdp_etl.normalize import find_normalized
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.stored_files import check_stored_files
from cdp_etl.settings import Settings
from cdp_etl.warehouse import StoredDataResult, check_full

Result = tuple[dg.AssetCheckKey, int, str]
"""Check key, number of violations, and a sentence."""

FULL_DATA_CHECK = "full_data_check"
_STAGING_SPECS = {
    entity.table: dg.AssetCheckSpec(
        FULL_DATA_CHECK,
        asset=asset_key(Layer.STAGING, entity.table),
        description="In all dumps, keys are unique, the newest version is current, and all values equal the lake."
        " All files of archive and lake equal their hashes.",
    )
    for entity in ENTITIES
}
_MART_SPECS = {
    mart.name: dg.AssetCheckSpec(
        FULL_DATA_CHECK,
        asset=asset_key(Layer.MARTS, mart.name),
        description="All checks pass for all rows, and the mart equals its full rebuild. Its published files equal"
        " their hashes.",
    )
    for mart in MARTS
}
FULL_CHECK_KEYS = [spec.key for spec in (*_STAGING_SPECS.values(), *_MART_SPECS.values())]

FULL_CHECK_JOB = dg.define_asset_job(
    "check_full",
    selection=dg.AssetSelection.checks(*FULL_CHECK_KEYS),
    description="Check all stored data. As expensive as a rebuild of all marts.",
)


def build_full_checks() -> dg.AssetChecksDefinition:
    """Return the checks, evaluated by one step."""

    @dg.multi_asset_check(
        name="check_everything",
        specs=[*_STAGING_SPECS.values(), *_MART_SPECS.values()],
        can_subset=True,
        pool=WAREHOUSE_POOL,
    )
    @op_boundary
    def full_checks(
        context: dg.AssetCheckExecutionContext,
        settings: dg.ResourceParam[Settings],
        report_progress: dg.ResourceParam[ReportProgress],
    ) -> Iterator[dg.AssetCheckResult]:
        if not _is_requested(context.run):
            context.log.info(
                "Skipped: only the job check_full evaluates these checks, because they are expensive."
            )
            return
        selected = context.selected_asset_check_keys
        if any(spec.key in selected for spec in _STAGING_SPECS.values()):
            stored = check_stored_files(settings, report_progress)
            report_progress("checking staging")
            stored += check_full(settings.open_warehouse(), partial(find_normalized, settings.lake))
            for key, violations, sentence in _staging_results(stored):
                if key in selected:
                    yield _check_result(key, violations, sentence)
        marts = [mart for mart in MARTS if _MART_SPECS[mart.name].key in selected]
        results = check_marts(settings.open_warehouse(), settings.mart_settings(), marts, report_progress)
        published = check_snapshot(settings.published)
        for mart in marts:
            own = [one for one in published if one.entity == mart.name]
            yield _check_result(_MART_SPECS[mart.name].key, *_mart_result(results[mart.name], own))

    return full_checks


def _is_requested(run: dg.DagsterRun) -> bool:
    """Return whether a run was started for these checks. Dagster adds them to every run of the assets."""
    return run.job_name == FULL_CHECK_JOB.name or run.asset_selection == frozenset()


def build_weekly_check(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule of these checks: Sundays at 9, after the daily load."""
    return dg.ScheduleDefinition(
        name="weekly_check",
        job=FULL_CHECK_JOB,
        cron_schedule="0 9 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Check all stored data, once a week.",
    )


def _staging_results(stored: Sequence[StoredDataResult]) -> Iterator[Result]:
    for table, spec in _STAGING_SPECS.items():
        own = [one for one in stored if one.entity == table]
        sentence = " ".join(f"{one.place}, {one.check}: {one.sentence}" for one in own)
        yield spec.key, sum(one.violations for one in own), sentence


def _mart_result(results: Sequence[CheckResult], published: Sequence[StoredDataResult]) -> tuple[int, str]:
    sentences = [f"snapshot, {one.check}: {one.sentence}" for one in published if not one.passed]
    violated = [result.sentence for result in results if not result.passed]
    sentences += [*violated, REBUILD_HINT] if violated else [f"{len(results)} checks passed for all rows."]
    violations = sum(result.violations for result in results) + sum(one.violations for one in published)
    return violations, " ".join(sentences)


def _check_result(key: dg.AssetCheckKey, violations: int, sentence: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=violations == 0,
        asset_key=key.asset_key,
        check_name=key.name,
        description=sentence,
        metadata={"violations": violations},
    )

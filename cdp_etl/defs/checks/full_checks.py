"""What must hold over everything that is stored, as checks of the assets: once a week, or when a person asks.

Every load and every run of a mart checks what it touched before it is committed; these read whole tables, and so
are no part of the daily jobs. A mart that does not hold as a whole is made anew by its next run, which is before
anything is published. Put here how the facts become checks; the facts stand in `cdp_etl.warehouse` and
`cdp_etl.marts`.
"""

from collections.abc import Iterator

import dagster as dg

from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.pools import WAREHOUSE_POOL
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks.model import REBUILD_HINT, MartCheckError
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.refresh import check_mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import check_full

Result = tuple[dg.AssetCheckKey, int, str]
"""A check, how often it is contradicted, and a sentence."""

HOLDS_AS_A_WHOLE = "full_data_check"
_STAGING_SPECS = {
    entity.table: dg.AssetCheckSpec(
        HOLDS_AS_A_WHOLE,
        asset=asset_key(Layer.STAGING, entity.table),
        description="Keys are unique, the newest version is current, and records balance, over all dumps.",
    )
    for entity in ENTITIES
}
_MART_SPECS = {
    mart.name: dg.AssetCheckSpec(
        HOLDS_AS_A_WHOLE,
        asset=asset_key(Layer.MARTS, mart.name),
        description="All its facts hold over all rows, and it is what its SELECT gives over all of its inputs.",
    )
    for mart in MARTS
}
FULL_CHECK_KEYS = [spec.key for spec in (*_STAGING_SPECS.values(), *_MART_SPECS.values())]

FULL_CHECK_JOB = dg.define_asset_job(
    "check_full",
    selection=dg.AssetSelection.checks(*FULL_CHECK_KEYS),
    description="Check everything that is stored: as dear as a rebuild of all marts.",
)


def build_full_checks() -> dg.AssetChecksDefinition:
    """Give the checks; they are made in one step."""

    @dg.multi_asset_check(
        name="check_everything",
        specs=[*_STAGING_SPECS.values(), *_MART_SPECS.values()],
        can_subset=True,
        pool=WAREHOUSE_POOL,
    )
    @op_boundary
    def full_checks(
        context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings], report_progress: dg.ResourceParam[ReportProgress]
    ) -> Iterator[dg.AssetCheckResult]:
        if not _are_asked_for(context.run):
            context.log.info("Left to the job check_full: too dear for each run that materializes something.")
            return
        chosen = context.selected_asset_check_keys
        if any(spec.key in chosen for spec in _STAGING_SPECS.values()):
            report_progress("checking staging")
            for key, violations, sentence in _staging_results(settings):
                if key in chosen:
                    yield _check_result(key, violations, sentence)
        for mart in MARTS:
            key = _MART_SPECS[mart.name].key
            if key in chosen:
                report_progress(f"checking {mart.table}")
                yield _check_result(key, *_mart_result(settings, mart))

    return full_checks


def _are_asked_for(run: dg.DagsterRun) -> bool:
    """Tell whether a run is for these checks; Dagster adds all checks of an asset to whatever materializes it."""
    return run.job_name == FULL_CHECK_JOB.name or run.asset_selection == frozenset()


def build_weekly_check(settings: Settings) -> dg.ScheduleDefinition:
    """Give the schedule of these checks: on Sundays, when the daily load is done."""
    return dg.ScheduleDefinition(
        name="weekly_check",
        job=FULL_CHECK_JOB,
        cron_schedule="0 9 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Check everything that is stored, once a week.",
    )


def _staging_results(settings: Settings) -> Iterator[Result]:
    findings = check_full(settings.open_warehouse())
    for table, spec in _STAGING_SPECS.items():
        own = [finding for finding in findings if finding.entity == table]
        sentence = " ".join(f"{finding.check}: {finding.sentence}" for finding in own)
        yield spec.key, sum(finding.violations for finding in own), sentence


def _mart_result(settings: Settings, mart: Mart) -> tuple[int, str]:
    """Check a mart; one that cannot even be brought up to date does not hold."""
    try:
        results = check_mart(settings.open_warehouse(), mart, settings.mart_settings())
    except MartCheckError as error:
        return sum(result.violations for result in error.results), str(error)
    contradicted = " ".join(result.sentence for result in results if not result.passed)
    return (
        sum(result.violations for result in results),
        f"{contradicted} {REBUILD_HINT}" if contradicted else f"{len(results)} facts hold for all rows.",
    )


def _check_result(key: dg.AssetCheckKey, violations: int, sentence: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=violations == 0,
        asset_key=key.asset_key,
        check_name=key.name,
        description=sentence,
        metadata={"violations": violations},
    )

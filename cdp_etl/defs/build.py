"""All definitions of the code location, from the settings.

Put here which definitions there are. What each is stands in its module.
"""

import dagster as dg

from cdp_etl.defs.assets.load import build_load
from cdp_etl.defs.assets.marts import build_mart, build_snapshot
from cdp_etl.defs.assets.report import build_report
from cdp_etl.defs.checks.freshness import build_freshness, build_freshness_checks
from cdp_etl.defs.checks.full_checks import FULL_CHECK_JOB, build_full_checks, build_weekly_check
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB
from cdp_etl.defs.maintenance import PRUNE_JOB, build_weekly_deep_look, build_weekly_prune
from cdp_etl.defs.partitions import dump_dates
from cdp_etl.defs.schedules import build_daily_dump, build_marts_follow_loads
from cdp_etl.defs.sensors.alerts import build_alerts
from cdp_etl.defs.sensors.metrics import build_metrics
from cdp_etl.defs.sensors.new_dumps import build_new_dumps
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.report.errors import is_report_installed
from cdp_etl.settings import Settings


def _say_nothing(_sentence: str) -> None:
    """Take the place of the command line's progress where there is none: the UI shows the steps themselves."""


def build_pipeline(settings: Settings, report_progress: ReportProgress = _say_nothing) -> dg.Definitions:
    """Give the assets and the jobs that make them; `say` is told a sentence at each step that may take a while.

    Where assets are chosen for a run, Dagster takes along every check of theirs that there is: here, those alone
    that their own steps make.
    """
    partitions = dump_dates(settings)
    return dg.Definitions(
        assets=[
            *(build_load(settings, entity, partitions) for entity in ENTITIES),
            *(build_mart(mart, partitions) for mart in MARTS),
            build_snapshot(partitions),
            *([build_report(partitions)] if is_report_installed() else []),
        ],
        jobs=[LOAD_JOB, MARTS_JOB],
        resources={"settings": settings, "report_progress": report_progress},
        # A process a step costs about three seconds each; the stages use all cores by themselves.
        executor=dg.in_process_executor,
    )


def build_definitions(settings: Settings) -> dg.Definitions:
    """Give the definitions of the code location: the pipeline, what starts it, and what looks after it."""
    return dg.Definitions.merge(
        build_pipeline(settings),
        dg.Definitions(
            asset_checks=[build_full_checks(), build_freshness_checks()],
            jobs=[FULL_CHECK_JOB, PRUNE_JOB],
            schedules=[
                build_daily_dump(settings),
                build_weekly_deep_look(settings),
                build_weekly_prune(settings),
                build_weekly_check(settings),
            ],
            sensors=[
                build_new_dumps(settings),
                build_marts_follow_loads(settings),
                build_alerts(),
                build_freshness(),
                build_metrics(),
            ],
        ),
    )

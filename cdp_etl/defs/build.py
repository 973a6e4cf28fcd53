"""Assembly of all Dagster definitions from the settings."""

import multiprocessing

import dagster as dg

from cdp_etl.defs.assets.load import build_load
from cdp_etl.defs.assets.marts import build_mart, build_snapshot
from cdp_etl.defs.assets.report import build_report
from cdp_etl.defs.checks.freshness import build_freshness, build_freshness_checks
from cdp_etl.defs.checks.full_checks import FULL_CHECK_JOB, build_full_checks, build_weekly_check
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB
from cdp_etl.defs.maintenance import PRUNE_JOB, build_weekly_full_rescan, build_weekly_prune
from cdp_etl.defs.partitions import dump_dates
from cdp_etl.defs.schedules import build_daily_dump, build_refresh_marts
from cdp_etl.defs.sensors.alerts import build_alerts
from cdp_etl.defs.sensors.metrics import build_metrics
from cdp_etl.defs.sensors.new_dumps import build_new_dumps
from cdp_etl.defs.storage_connections import reuse_sqlite_connections
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.report.errors import is_report_installed
from cdp_etl.settings import Settings


def _ignore_progress(_sentence: str) -> None:
    """Ignore progress: outside the command line, the UI shows the steps."""


def build_pipeline(
    settings: Settings, report_progress: ReportProgress = _ignore_progress, *, has_lineage: bool = False
) -> dg.Definitions:
    """Return the assets and the jobs `load` and `marts`.

    If assets are selected for a run, Dagster also selects all checks that are defined on them. Therefore only the
    checks that their own steps evaluate are defined here.

    Args:
        settings: Settings of the installation.
        report_progress: Receives a sentence before each step that can take long.
        has_lineage: Whether the marts have column lineage, which is for the UI and not for a run.
    """
    reuse_sqlite_connections()
    partitions = dump_dates(settings)
    return dg.Definitions(
        assets=[
            *(build_load(settings, entity, partitions) for entity in ENTITIES),
            *(build_mart(mart, has_lineage=has_lineage) for mart in MARTS),
            build_snapshot(),
            *([build_report(partitions)] if is_report_installed() else []),
        ],
        jobs=[LOAD_JOB, MARTS_JOB],
        resources={"settings": settings, "report_progress": report_progress},
        # A process for each step would cost about three seconds; the stages already use all cores.
        executor=dg.in_process_executor,
    )


def build_definitions(settings: Settings) -> dg.Definitions:
    """Return all definitions: the pipeline, its schedules and sensors, maintenance and full checks."""
    # The code location starts a process for each run, which loads all definitions again, and nobody reads lineage
    # there. Parsing the marts' SQL for it takes about one CPU second.
    is_run = multiprocessing.parent_process() is not None
    return dg.Definitions.merge(
        build_pipeline(settings, has_lineage=not is_run),
        dg.Definitions(
            asset_checks=[build_full_checks(), build_freshness_checks()],
            jobs=[FULL_CHECK_JOB, PRUNE_JOB],
            schedules=[
                build_daily_dump(settings),
                build_weekly_full_rescan(settings),
                build_weekly_prune(settings),
                build_weekly_check(settings),
            ],
            sensors=[
                build_new_dumps(settings),
                build_refresh_marts(settings),
                build_alerts(),
                build_freshness(),
                build_metrics(),
            ],
        ),
    )

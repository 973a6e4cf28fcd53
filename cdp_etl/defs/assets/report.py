"""Asset `report/daily`: one page per dump date."""

from collections.abc import Iterator

import dagster as dg

from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl.defs.keys import REPORT, asset_key
from cdp_etl.defs.partitions import BACKFILL_POLICY, days_of
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.stage_timing import timed_stage
from cdp_etl.report.build import write_report
from cdp_etl.settings import Settings


def build_report(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """Return the asset of the daily report."""
    spec = dg.AssetSpec(
        REPORT,
        # A page lists the deliveries of its date. Without these edges, Dagster would leave the reports out of a
        # backfill of all assets, because between them and the dumps all assets are unpartitioned.
        deps=[
            *(asset_key(Layer.STAGING, entity.table) for entity in ENTITIES),
            *(asset_key(Layer.MARTS, mart.name) for mart in MARTS),
        ],
        description="One HTML page per dump date: deliveries, refusals, quarantined records, changed marts.",
        group_name=Layer.REPORT.value,
        kinds={"html"},
        owners=[MARTS[0].owner],
        partitions_def=partitions,
        skippable=True,  # the step records each date itself; its own output is optional
    )

    @dg.multi_asset(name="write_report", specs=[spec], backfill_policy=BACKFILL_POLICY)
    @op_boundary
    def report(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        report_progress: dg.ResourceParam[ReportProgress],
    ) -> Iterator[dg.Output[None]]:
        for day in days_of(context):
            report_progress(f"writing the report of {day}")
            with timed_stage(settings, "report", "daily", day):
                written = write_report(
                    settings.open_warehouse(),
                    day,
                    settings.reports,
                    settings.report_options(day),
                    settings.readers(),
                )
            context.log_event(
                dg.AssetMaterialization(
                    REPORT,
                    partition=day.isoformat(),
                    description=written.sentence,
                    metadata={
                        "report": dg.MetadataValue.md(written.markdown),
                        "page": dg.MetadataValue.path(str(written.path)),
                        "load_seq": written.load_seq,
                    },
                )
            )
        yield from ()  # no output: a step that returns would record every date again, without figures

    return report

"""Sensor `metrics`: writes the metrics file every minute, even while nothing runs."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg

from cdp_etl.defs.alerting.collect import collect_findings
from cdp_etl.defs.error_boundary import tick_boundary
from cdp_etl.defs.schedules import TICK_LOCK_TIMEOUT_SECONDS
from cdp_etl.file_modes import ReadersGroupError
from cdp_etl.metrics import collect_metrics, write_metrics
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseError

_TICK_SECONDS = 60

_logger = logging.getLogger(__name__)


def build_metrics() -> dg.SensorDefinition:
    """Return the sensor."""

    @dg.sensor(
        name="metrics",
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Write the metrics file CDP_ETL_METRICS_FILE, for node_exporter.",
    )
    @tick_boundary
    def metrics(context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
        if settings.metrics_file is None:
            return dg.SkipReason("CDP_ETL_METRICS_FILE is not set.")
        return dg.SkipReason(write_metrics_file(settings, context.instance))

    return metrics


def write_metrics_file(settings: Settings, instance: dg.DagsterInstance) -> str:
    """Write the metrics file if one is set, with a short lock timeout. Return a sentence about the result.

    If it cannot be written, the old file remains and no run fails. Its modification time shows its age.
    """
    if settings.metrics_file is None:
        return ""
    sources = settings.metrics_sources()
    warehouse = replace(sources.warehouse, lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS)
    now = datetime.now(UTC)
    try:
        findings = collect_findings(settings, instance, sources.notification_state, now).findings
        write_metrics(
            settings.metrics_file,
            collect_metrics(replace(sources, warehouse=warehouse), findings, now),
            settings.readers(),
        )
    except (WarehouseError, ReadersGroupError, OSError) as error:
        sentence = f"The metrics file {settings.metrics_file} was not updated. {error}"
        _logger.warning(sentence)
        return sentence
    return f"Written: {settings.metrics_file}."

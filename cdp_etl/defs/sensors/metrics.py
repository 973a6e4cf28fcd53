"""The sensor by which the metrics file is kept: whatever runs, and while nothing does.

Put here when it is written. What it holds stands in `cdp_etl.metrics`.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg

from cdp_etl.defs.error_boundary import in_tick
from cdp_etl.defs.schedules import TICK_PATIENCE_SECONDS
from cdp_etl.metrics import measure, write_metrics
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseError

_TICK_SECONDS = 60

_logger = logging.getLogger(__name__)


def build_metrics() -> dg.SensorDefinition:
    """Give the sensor."""

    @dg.sensor(
        name="metrics",
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Write the metrics of the settings' file anew, for node_exporter.",
    )
    @in_tick
    def metrics(settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
        if settings.metrics_file is None:
            return dg.SkipReason("No file is set: CDP_ETL_METRICS_FILE.")
        return dg.SkipReason(write_metrics_file(settings))

    return metrics


def write_metrics_file(settings: Settings) -> str:
    """Write the metrics file where one is set, without waiting long for the warehouse; say how that ended.

    Where it cannot be written it stays as it was, and its own time tells how old it is: no run fails for it.
    """
    if settings.metrics_file is None:
        return ""
    measured = settings.measured()
    hasty = replace(measured.warehouse, lock_timeout_seconds=TICK_PATIENCE_SECONDS)
    try:
        write_metrics(settings.metrics_file, measure(replace(measured, warehouse=hasty), datetime.now(UTC)))
    except (WarehouseError, OSError) as error:
        sentence = f"The metrics file {settings.metrics_file} stays as it was. {error}"
        _logger.warning(sentence)
        return sentence
    return f"Written: {settings.metrics_file}."

"""Sensor `alerts`: evaluates findings each minute and sends them. It requests no run and affects none."""

from datetime import UTC, datetime

import dagster as dg

from cdp_etl.alerts.dispatch import dispatch
from cdp_etl.alerts.errors import AlertsBusyError, ChannelConfigError
from cdp_etl.alerts.message import NO_CHANNEL
from cdp_etl.defs.alerting.collect import collect_findings
from cdp_etl.defs.error_boundary import tick_boundary
from cdp_etl.settings import Settings

_TICK_SECONDS = 60


def build_alerts() -> dg.SensorDefinition:
    """Return the sensor."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Send every alert channel what failed, was refused, is missing or is stale, once.",
    )
    @tick_boundary
    def alerts(context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
        now = datetime.now(UTC)
        try:
            channels = settings.channels()
            if not channels:
                return dg.SkipReason(NO_CHANNEL)
            results = dispatch(
                settings.alerts,
                settings.installation(),
                channels,
                lambda state: collect_findings(settings, context.instance, state, now),
                now,
            )
        except (AlertsBusyError, ChannelConfigError) as error:
            return dg.SkipReason(str(error))
        for result in results:
            if result.error is not None:
                context.log.warning(result.error)
        return dg.SkipReason(
            " ".join(result.error or f"{result.channel}: {result.findings} findings sent." for result in results)
            or "Nothing new."
        )

    return alerts

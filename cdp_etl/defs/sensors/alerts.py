"""Sensor `alerts`: evaluates findings each minute and sends them. It requests no run and affects none."""

from datetime import UTC, datetime

import dagster as dg

from cdp_etl.alerts.dispatch import dispatch
from cdp_etl.alerts.errors import AlertsBusyError, ChannelConfigError
from cdp_etl.alerts.message import NO_CHANNEL
from cdp_etl.defs.alerting.collect import look
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
            sent = dispatch(
                settings.alerts,
                settings.installation(),
                channels,
                lambda state: look(settings, context.instance, state, now),
                now,
            )
        except (AlertsBusyError, ChannelConfigError) as error:
            return dg.SkipReason(str(error))
        for one in sent:
            if one.error is not None:
                context.log.warning(one.error)
        return dg.SkipReason(
            " ".join(one.error or f"{one.channel}: {one.findings} findings sent." for one in sent)
            or "Nothing new."
        )

    return alerts

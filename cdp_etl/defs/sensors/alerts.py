"""The sensor by which people hear of what is wrong.

Put here when is looked, and how a round ends in the UI. It asks for no run, and nothing that it does bears on one.
"""

from datetime import UTC, datetime

import dagster as dg

from cdp_etl.alerts.dispatch import dispatch
from cdp_etl.alerts.errors import AlertsBusyError, ChannelConfigError
from cdp_etl.defs.alerting.collect import look
from cdp_etl.defs.error_boundary import in_tick
from cdp_etl.settings import Settings

_TICK_SECONDS = 60


def build_alerts() -> dg.SensorDefinition:
    """Give the sensor."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tell the receivers of the settings what failed, was refused, is missing or is stale, once.",
    )
    @in_tick
    def alerts(context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
        now = datetime.now(UTC)
        try:
            channels = settings.channels()
            if not channels:
                return dg.SkipReason("No receiver is set: CDP_ETL_ALERT_WEBHOOK_URL, CDP_ETL_ALERT_SMTP_HOST.")
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
            " ".join(one.error or f"{one.channel} was told of {one.findings} findings." for one in sent)
            or "Nothing new."
        )

    return alerts

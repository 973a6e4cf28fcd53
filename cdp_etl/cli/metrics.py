"""`cdp-etl metrics`: print the metrics."""

import sys
from datetime import UTC, datetime

from cdp_etl.cli.alerts import current_findings
from cdp_etl.cli.output import progress
from cdp_etl.metrics import collect_metrics, render
from cdp_etl.settings import load_settings


def metrics_command() -> None:
    """Print the metrics in Prometheus's text format.

    The daemon writes the same text to CDP_ETL_METRICS_FILE.

    Example: `cdp-etl metrics`
    """
    settings, now = load_settings(), datetime.now(UTC)
    sources = settings.metrics_sources()
    with progress() as report:
        report("Collecting findings …")
        findings = current_findings(settings, sources.notification_state, now).findings
        report("Collecting metrics …")
        text = render(collect_metrics(sources, findings, now)).decode()
    sys.stdout.write(text)

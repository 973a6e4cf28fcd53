"""`cdp-etl metrics`: the figures for machines, printed."""

import sys
from datetime import UTC, datetime

from cdp_etl.metrics import measure, render
from cdp_etl.settings import load_settings


def metrics_command() -> None:
    """Print the metrics as Prometheus reads them; CDP_ETL_METRICS_FILE keeps the same in a file.

    Example: `cdp-etl metrics`
    """
    sys.stdout.write(render(measure(load_settings().measured(), datetime.now(UTC))).decode())

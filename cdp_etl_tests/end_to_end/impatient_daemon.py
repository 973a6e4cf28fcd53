"""`dagster-daemon` that checks backfills every five seconds; Dagster has no setting for the interval."""

import sys

from dagster._daemon import controller
from dagster._daemon.cli import cli

if __name__ == "__main__":
    assert controller.DEFAULT_DAEMON_INTERVAL_SECONDS == 30
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 5
    sys.argv[0] = "dagster-daemon"
    cli()

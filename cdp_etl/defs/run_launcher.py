"""Former path of `cdp_etl.defs.runtime.run_launcher`, which the `dagster.yaml` of existing installations names."""

from cdp_etl.defs.runtime.run_launcher import WatchingRunLauncher

__all__ = ["WatchingRunLauncher"]

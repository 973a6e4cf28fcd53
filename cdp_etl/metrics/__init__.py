"""Figures for machines: Prometheus metrics of what is loaded, how long it took, and how much there is.

Put here what is measured and its text form. When it is written stands in `cdp_etl.defs` and `cdp_etl.cli`.
"""

from cdp_etl.metrics.collect import MetricsSources, collect_metrics
from cdp_etl.metrics.definitions import METRICS, Metric
from cdp_etl.metrics.duration_store import DurationStore
from cdp_etl.metrics.textfile import render, write_metrics

__all__ = ["METRICS", "DurationStore", "Metric", "MetricsSources", "collect_metrics", "render", "write_metrics"]

"""Prometheus metrics of loads, durations, storage, marts and alerts.

Belongs here: definitions, collection and text format of metrics.
Does not belong here: when metrics are written (`cdp_etl.defs`, `cdp_etl.cli`).
"""

from cdp_etl.metrics.collect import MetricsSources, collect_metrics
from cdp_etl.metrics.definitions import METRICS, Metric
from cdp_etl.metrics.duration_store import DurationStore
from cdp_etl.metrics.textfile import render, write_metrics

__all__ = ["METRICS", "DurationStore", "Metric", "MetricsSources", "collect_metrics", "render", "write_metrics"]

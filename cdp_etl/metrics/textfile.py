"""Prometheus text format of the metrics, and the file for the textfile collector of node_exporter."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from cdp_etl.durable_files import replace_file
from cdp_etl.file_modes import OWNER_ONLY, Readers
from cdp_etl.metrics.definitions import METRICS, Metric

Sample = tuple[Metric, tuple[str, ...], float]


class _Samples(Collector):
    """Adapter that passes samples to prometheus_client, grouped by metric family."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = sorted(samples, key=lambda sample: METRICS.index(sample[0]))

    def collect(self) -> Iterator[Family]:
        for metric, samples in groupby(self._samples, key=lambda sample: sample[0]):
            yield _family(metric, [(labels, value) for _, labels, value in samples])


def render(samples: Iterable[Sample]) -> bytes:
    """Return the samples in the Prometheus text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(samples))
    return generate_latest(registry)


def write_metrics(path: Path, samples: Iterable[Sample], readers: Readers = OWNER_ONLY) -> None:
    """Replace the metrics file atomically; the group of readers may read it.

    Raises:
        ReadersGroupError: If the file cannot be given to the group.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(render(samples))
    readers.admit(unfinished)
    replace_file(unfinished, path)


def _family(metric: Metric, samples: list[tuple[tuple[str, ...], float]]) -> Family:
    match metric.kind:
        case "summary":
            summary = SummaryMetricFamily(metric.name, metric.description, labels=metric.labels)
            for (labels, count), (_, total) in zip(samples[::2], samples[1::2], strict=True):
                summary.add_metric(labels, int(count), total)
            return summary
        case "counter":
            counter = CounterMetricFamily(metric.name, metric.description, labels=metric.labels)
            for labels, value in samples:
                counter.add_metric(labels, value)
            return counter
        case "gauge":
            gauge = GaugeMetricFamily(metric.name, metric.description, labels=metric.labels)
            for labels, value in samples:
                gauge.add_metric(labels, value)
            return gauge

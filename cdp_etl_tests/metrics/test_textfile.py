"""Metrics in the text format, and their names in dashboard, rules and docs/operations.md."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cdp_etl.file_modes import Readers
from cdp_etl.metrics import METRICS, Metric, render, write_metrics
from cdp_etl.metrics.definitions import LOCK_WAIT, PREFIX, RECORDS, STAGE, STORED

ROOT = Path(__file__).parents[2]
SERIES = {name for metric in METRICS for name in metric.series}
SAMPLES = [
    (STORED, ("lake",), 7.0),
    (RECORDS, ("sms-interaction", "accepted"), 10.0),
    (STAGE, ("pull", "sms-interaction"), 2.0),
    (STAGE, ("pull", "sms-interaction"), 3.5),
    (LOCK_WAIT, (), 1.0),
    (LOCK_WAIT, (), 0.25),
]


def read(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Parse metrics with Prometheus' own parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def used_in(text: str) -> set[str]:
    """Return the metric names in a text."""
    return set(re.findall(rf"\b{PREFIX}[a-z_]+\b", text))


def labels(metric: Metric) -> str:
    """Return a metric's labels in the format of the page."""
    return ", ".join(f"`{label}`" for label in metric.labels)


def test_prometheus_parses_the_rendered_samples() -> None:
    assert read(render(SAMPLES)) == {
        ("cdp_etl_stored_bytes", (("place", "lake"),)): 7,
        ("cdp_etl_records_total", (("entity", "sms-interaction"), ("outcome", "accepted"))): 10,
        ("cdp_etl_stage_seconds_count", (("of", "sms-interaction"), ("stage", "pull"))): 2,
        ("cdp_etl_stage_seconds_sum", (("of", "sms-interaction"), ("stage", "pull"))): 3.5,
        ("cdp_etl_lock_wait_seconds_count", ()): 1,
        ("cdp_etl_lock_wait_seconds_sum", ()): 0.25,
    }


def test_the_file_is_replaced_atomically(tmp_path: Path) -> None:
    path = tmp_path / "collector" / "cdp_etl.prom"
    write_metrics(path, SAMPLES)
    write_metrics(path, SAMPLES[:1])

    assert list(read(path.read_bytes())) == [("cdp_etl_stored_bytes", (("place", "lake"),))]
    assert [one.name for one in path.parent.iterdir()] == ["cdp_etl.prom"]


def test_the_group_of_readers_can_read_the_file(tmp_path: Path) -> None:
    write_metrics(tmp_path / "cdp_etl.prom", SAMPLES, Readers(os.getegid()))

    assert (tmp_path / "cdp_etl.prom").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_a_description_a_unit_and_a_conventional_name(metric: Metric) -> None:
    assert metric.description.endswith(".")
    assert metric.unit
    assert metric.name.startswith(PREFIX)
    assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/cdp_etl.json").read_text(encoding="utf-8"))
    expressions = {target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])}
    used = set().union(*(used_in(expression) for expression in expressions))

    assert used - SERIES == set()
    assert [metric.name for metric in METRICS if not used.intersection(metric.series)] == []


def test_the_alert_rules_use_existing_metrics() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/cdp_etl.rules.yml").read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]

    assert expressions
    assert set().union(*map(used_in, expressions)) - SERIES == set()


def test_the_page_lists_every_metric_as_declared() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = [f"| `{one.name}` | {one.kind} | {labels(one)} | {one.unit} | {one.description} |" for one in METRICS]

    assert [row for row in rows if row not in page] == []
    assert used_in(page) - SERIES - {metric.name for metric in METRICS} == set()

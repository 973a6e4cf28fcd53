"""Metric values: taken from the ledger, and present even before the first load."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from cdp_etl.metrics import METRICS, MetricsSources, collect_metrics
from cdp_etl.metrics.definitions import (
    DUMPS,
    FINDINGS,
    LOADS,
    LOCK_WAIT,
    MART_PENDING,
    MISSING_DUMPS,
    NEWEST_DUMP,
    NEWEST_DUMP_RECORDS,
    RECORDS,
    STAGE,
    STORED,
)
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.conftest import settings, settings_of
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, Pipeline, sms

__all__ = ["settings"]  # a fixture

Values = dict[tuple[str, tuple[str, ...]], list[float]]


def values(sources: MetricsSources, now: datetime | None = None) -> Values:
    """Return all values by name and labels."""
    found: Values = {}
    for metric, labels, value in collect_metrics(sources, (), now or datetime.now(UTC)):
        found.setdefault((metric.name, labels), []).append(value)
    return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Pipeline with one day loaded twice, one refused day, and marts that applied the first day. Only read it."""
    folder = tmp_path_factory.mktemp("loaded")
    with dg.DagsterInstance.ephemeral(tempdir=str(folder / "instance")) as instance:
        pipeline = Pipeline(settings_of(folder), instance)
        pipeline.deliver(FIRST, [sms("1", FIRST), sms("1", FIRST), sms("2", FIRST, eventAt=None)])
        pipeline.load(FIRST)
        pipeline.load(FIRST)
        pipeline.marts(FIRST, FIRST)
        pipeline.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
        pipeline.load(SECOND)
    return pipeline


@pytest.mark.full
def test_the_ledger_is_counted(loaded: Pipeline) -> None:
    found = values(loaded.settings.metrics_sources())

    sms_interaction = "sms-interaction"
    outcomes = ("accepted", "superseded", "quarantined")
    assert [found[RECORDS.name, (sms_interaction, one)] for one in outcomes] == [[2], [2], [2]]
    assert [found[NEWEST_DUMP_RECORDS.name, (sms_interaction, one)] for one in outcomes] == [[1], [1], [1]]
    assert found[LOADS.name, (sms_interaction, "loaded")] == [2]
    assert found[DUMPS.name, (sms_interaction, "loaded")] == found[DUMPS.name, (sms_interaction, "refused")] == [1]
    assert found[NEWEST_DUMP.name, (sms_interaction,)] == [datetime(2026, 3, 1, tzinfo=UTC).timestamp()]
    assert found[MART_PENDING.name, ("interaction",)] == [0]
    assert (NEWEST_DUMP.name, ("email-interaction",)) not in found


@pytest.mark.full
def test_stages_waits_and_file_sizes_are_measured(loaded: Pipeline) -> None:
    found = values(loaded.settings.metrics_sources())

    count, seconds = found[STAGE.name, ("load", "sms-interaction")]
    assert (count, seconds > 0) == (2, True)
    assert found[STAGE.name, ("mart", "interaction")][0] == 1
    assert found[LOCK_WAIT.name, ()][0] > 5
    assert found[STORED.name, ("warehouse",)] == [loaded.settings.open_warehouse().path.stat().st_size]
    assert all(found[STORED.name, (place,)][0] > 0 for place in ("lake", "archive", "snapshot"))


def test_a_file_with_two_hard_links_counts_once(settings: Settings) -> None:
    settings.archive.mkdir(parents=True)
    (settings.archive / "a").write_bytes(b"12345")
    (settings.archive / "b").hardlink_to(settings.archive / "a")

    assert values(settings.metrics_sources())[STORED.name, ("archive",)] == [5]


def test_dumps_that_are_missing_at_their_deadline_are_counted(settings: Settings) -> None:
    expecting = settings.model_copy(update={"first_dump_date": date(2026, 3, 1)})

    found = values(expecting.metrics_sources(), datetime(2026, 3, 3, 12, tzinfo=UTC))

    assert found[MISSING_DUMPS.name, ("sms-interaction",)] == [2]


def test_series_that_alerts_use_exist_before_the_first_load(settings: Settings) -> None:
    found = values(settings.metrics_sources())

    assert found[DUMPS.name, ("sms-interaction", "refused")] == [0]
    assert found[FINDINGS.name, ("dump refused",)] == [0]
    assert {name for name, _ in found} <= {metric.name for metric in METRICS}

"""Sensor `new_dumps`: new dumps are requested once, changed ones again, failing ones a limited number of times."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.partitions import range_tags
from cdp_etl.defs.sensors.new_dumps import build_new_dumps
from cdp_etl.entities import BY_NAME
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import Pipeline, sms
from cdp_etl_tests.noon import zone_at_noon

EMAIL = BY_NAME["email-interaction"]
ZONE, NOW = zone_at_noon()
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"dump_timezone": ZONE})


class Daemon:
    """Evaluates the sensor like the daemon: stores the cursor and never repeats a run key."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.cursor: str | None = None
        self.used: set[str | None] = set()
        self.skipped: str | None = None

    def tick(self) -> Sequence[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.pipeline.instance, cursor=self.cursor, resources={"settings": self.pipeline.settings}
        )
        result = build_new_dumps(self.pipeline.settings)(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        self.skipped = (
            result.skip_reason.skip_message
            if isinstance(result.skip_reason, dg.SkipReason)
            else result.skip_reason
        )
        fresh = [request for request in result.run_requests or [] if request.run_key not in self.used]
        self.used.update(request.run_key for request in fresh)
        return fresh

    def tick_and_load(self) -> list[str]:
        """Execute the requested runs and return their dates."""
        days = []
        for request in self.tick():
            assert request.partition_key is not None
            self.pipeline.load(date.fromisoformat(request.partition_key), tags=request.tags)
            days.append(request.partition_key)
        return days


@pytest.fixture
def daemon(pipeline: Pipeline) -> Daemon:
    return Daemon(pipeline)


def test_a_new_dump_is_requested_once(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    requested = [daemon.tick_and_load() for _ in range(3)]

    assert requested == [[YESTERDAY.isoformat()], [], []]


def test_one_run_per_date_is_requested_for_the_delivered_entities(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipeline.deliver_bytes(YESTERDAY, b"", entity=EMAIL)

    (request,) = daemon.tick()

    assert {key.path[1] for key in request.asset_selection or []} == {"sms_interaction", "email_interaction"}
    assert request.tags[SKIP_UNCHANGED_TAG] == "true"


def test_a_late_dump_is_found_within_the_lookback_days(pipeline: Pipeline, daemon: Daemon) -> None:
    for back in (7, 8):
        day = TODAY - timedelta(days=back)
        pipeline.deliver(day, [sms(str(back), day)])

    assert daemon.tick_and_load() == [(TODAY - timedelta(days=7)).isoformat()]


@pytest.mark.full
def test_an_older_date_that_is_not_loaded_is_still_scanned(pipeline: Pipeline, daemon: Daemon) -> None:
    """A dump that the ledger records as missing is expected, however late it is delivered."""
    day = TODAY - timedelta(days=30)
    (pipeline.settings.data / "landing").mkdir(parents=True)
    pipeline.load_without_dagster(day)
    pipeline.deliver(day, [sms("1", day)])

    assert daemon.tick_and_load() == [day.isoformat()]


@pytest.mark.full
def test_dates_without_any_attempt_are_scanned_however_long_the_daemon_was_down(
    pipeline: Pipeline, daemon: Daemon
) -> None:
    long_ago, missed = TODAY - timedelta(days=30), TODAY - timedelta(days=20)
    pipeline.deliver(long_ago, [sms("1", long_ago)])
    pipeline.load_without_dagster(long_ago)
    pipeline.deliver(missed, [sms("2", missed)])

    assert daemon.tick_and_load() == [missed.isoformat()]


@pytest.mark.full
def test_content_a_then_b_then_a_again_is_requested_three_times(pipeline: Pipeline, daemon: Daemon) -> None:
    loaded = []
    for content in ("a", "b", "a"):
        pipeline.deliver(YESTERDAY, [sms(content, YESTERDAY)])
        daemon.tick_and_load()
        loaded += pipeline.query("SELECT id FROM staging.sms_interaction")

    assert loaded == [("a",), ("b",), ("a",)]


def test_a_manually_loaded_dump_is_not_requested(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipeline.load(YESTERDAY)

    assert daemon.tick_and_load() == []


@pytest.mark.full
def test_a_dump_refused_for_its_content_is_not_requested_again_until_it_changes(
    pipeline: Pipeline, daemon: Daemon
) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY, event=None)])
    refused = [daemon.tick_and_load() for _ in range(2)]

    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    corrected = daemon.tick_and_load()

    assert (refused, corrected) == ([[YESTERDAY.isoformat()], []], [YESTERDAY.isoformat()])


@pytest.mark.full
def test_a_dump_whose_run_was_killed_between_pull_and_load_is_requested_again(
    pipeline: Pipeline, daemon: Daemon
) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()
    pipeline.deliver(YESTERDAY, [sms("2", YESTERDAY)])
    pipeline.load(YESTERDAY, layers=[Layer.LANDING])

    assert daemon.tick_and_load() == [YESTERDAY.isoformat()]
    assert pipeline.query("SELECT id FROM staging.sms_interaction") == [("2",)]


@pytest.mark.full
def test_the_schedule_after_the_sensor_loads_nothing_twice(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()

    pipeline.load(YESTERDAY, tags={SKIP_UNCHANGED_TAG: "true", "dagster/schedule_name": "daily_dump"})

    assert pipeline.query("SELECT status FROM ops.load ORDER BY load_seq") == [("loaded",), ("unchanged",)]
    assert daemon.tick() == []


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({"dagster/partition": YESTERDAY.isoformat()}, id="the date"),
        pytest.param(range_tags(TODAY - timedelta(days=3), TODAY), id="a range that contains it"),
    ],
)
def test_a_date_that_a_run_is_loading_is_not_requested_until_the_run_ends(
    pipeline: Pipeline, daemon: Daemon, tags: dict[str, str]
) -> None:
    """The run may come from the schedule, a person, or this sensor."""
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    job = build_definitions(pipeline.settings).resolve_job_def("load")
    run = pipeline.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)

    while_running = daemon.tick()
    pipeline.instance.report_run_canceled(run)
    done = daemon.tick()

    assert (len(while_running), len(done)) == (0, 1)


@pytest.mark.full
def test_a_correction_of_an_older_date_is_found_in_turn(pipeline: Pipeline, daemon: Daemon) -> None:
    """Each scan lists a few of the older dates, so its cost does not grow with the history."""
    older = [TODAY - timedelta(days=back) for back in range(20, 36)]
    for day in older:
        pipeline.deliver_bytes(day, b"")
    pipeline.load_without_dagster(older[-1], older[0])
    pipeline.deliver(older[0], [sms("1", older[0])])

    assert [daemon.tick_and_load() for _ in range(4)] == [[], [], [older[0].isoformat()], []]


@pytest.mark.full
def test_a_loaded_dump_that_was_pruned_from_the_archive_is_not_pulled_again(
    pipeline: Pipeline, daemon: Daemon
) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()
    shutil.rmtree(pipeline.settings.archive)

    assert daemon.tick() == []


def test_the_sensor_skips_while_a_load_locks_the_warehouse(pipeline: Pipeline) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipeline.load_without_dagster(YESTERDAY)
    context = dg.build_sensor_context(instance=pipeline.instance, resources={"settings": pipeline.settings})

    with pipeline.settings.open_warehouse().writing():
        result = build_new_dumps(pipeline.settings)(context)

    assert isinstance(result, dg.SkipReason)
    assert "in use" in str(result.skip_message)


def test_an_unreachable_zone_does_not_affect_others(pipeline: Pipeline, daemon: Daemon, tmp_path: Path) -> None:
    daemon.pipeline = Pipeline(
        pipeline.settings.model_copy(update={"landing_by_entity": {"email_interaction": str(tmp_path / "gone")}}),
        pipeline.instance,
    )
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    (request,) = daemon.tick()

    assert {key.path[1] for key in request.asset_selection or []} == {"sms_interaction"}


def test_dagster_accepts_the_run_requests(pipeline: Pipeline) -> None:
    """The daemon resolves partition, assets and job of each request, which fails if they do not fit."""
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    definitions = build_definitions(pipeline.settings)
    context = dg.build_sensor_context(
        instance=pipeline.instance, definitions=definitions, resources={"settings": pipeline.settings}
    )

    evaluated = definitions.get_repository_def().get_sensor_def("new_dumps").evaluate_tick(context)

    (request,) = evaluated.run_requests or []
    assert request.tags["dagster/partition"] == YESTERDAY.isoformat()
    subset = definitions.resolve_job_def("load").get_subset(
        asset_selection=set(request.asset_selection or []),
        asset_check_selection=set(request.asset_check_keys or []),
    )
    assert {node.name for node in subset.graph.nodes} == {"load_sms_interaction"}


def test_the_sensor_skips_if_no_zone_is_reachable(daemon: Daemon) -> None:
    requested = daemon.tick()

    assert requested == []
    assert daemon.skipped is not None
    assert daemon.skipped.count("the folder does not exist") == 1


def test_the_cursor_drops_loaded_dates(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()

    daemon.tick()

    assert daemon.cursor == '{"asked":{},"sightings":{}}'


def test_an_unstable_dump_is_not_requested_without_a_marker(pipeline: Pipeline, daemon: Daemon) -> None:
    daemon.pipeline = Pipeline(pipeline.settings.model_copy(update={"stability_seconds": 3600}), pipeline.instance)
    pipeline.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    before_marker = daemon.tick()
    pipeline.deliver_bytes(YESTERDAY, b"", name="_SUCCESS")
    after_marker = daemon.tick()

    assert (len(before_marker), len(after_marker)) == (0, 1)

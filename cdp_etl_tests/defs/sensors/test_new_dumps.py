"""The sensor `new_dumps`: what has arrived is asked for once, what has changed again, what fails not for ever."""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.partitions import range_tags
from cdp_etl.defs.sensors.new_dumps import build_new_dumps
from cdp_etl.entities import BY_NAME
from cdp_etl.pipeline.layers import Layer
from cdp_etl_tests.defs.pipeline import Pipe, sms

EMAIL = BY_NAME["email-interaction"]
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


class Daemon:
    """Evaluates the sensor as the daemon does: it keeps the cursor, and uses up run keys for ever."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.cursor: str | None = None
        self.used: set[str | None] = set()
        self.skipped: str | None = None

    def tick(self) -> Sequence[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.pipe.instance, cursor=self.cursor, resources={"settings": self.pipe.settings}
        )
        result = build_new_dumps(self.pipe.settings)(context)
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
        """Carry out what is asked for, as the run launcher does; give the days."""
        days = []
        for request in self.tick():
            assert request.partition_key is not None
            self.pipe.load(date.fromisoformat(request.partition_key), tags=request.tags)
            days.append(request.partition_key)
        return days


@pytest.fixture
def daemon(pipe: Pipe) -> Daemon:
    return Daemon(pipe)


def test_a_new_dump_is_asked_for_once(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    asked = [daemon.tick_and_load() for _ in range(3)]

    assert asked == [[YESTERDAY.isoformat()], [], []]


def test_only_the_entities_that_have_arrived_are_asked_for_in_one_run_a_day(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipe.deliver_bytes(YESTERDAY, b"", entity=EMAIL)

    (request,) = daemon.tick()

    assert {key.path[1] for key in request.asset_selection or []} == {"sms_interaction", "email_interaction"}
    assert request.tags[SKIP_UNCHANGED_TAG] == "true"


def test_a_late_dump_is_found_within_the_days_looked_back(pipe: Pipe, daemon: Daemon) -> None:
    for back in (7, 8):
        day = TODAY - timedelta(days=back)
        pipe.deliver(day, [sms(str(back), day)])

    assert daemon.tick_and_load() == [(TODAY - timedelta(days=7)).isoformat()]


def test_an_older_day_that_is_not_loaded_yet_is_still_looked_at(pipe: Pipe, daemon: Daemon) -> None:
    """A day the ledger knows as missing is expected, however late it comes."""
    day = TODAY - timedelta(days=30)
    (pipe.settings.data / "landing").mkdir(parents=True)
    pipe.load(day)
    pipe.deliver(day, [sms("1", day)])

    assert daemon.tick_and_load() == [day.isoformat()]


def test_days_that_nobody_has_tried_are_looked_at_however_long_the_daemon_was_down(
    pipe: Pipe, daemon: Daemon
) -> None:
    long_ago, missed = TODAY - timedelta(days=30), TODAY - timedelta(days=20)
    pipe.deliver(long_ago, [sms("1", long_ago)])
    pipe.load(long_ago)
    pipe.deliver(missed, [sms("2", missed)])

    assert daemon.tick_and_load() == [missed.isoformat()]


def test_content_a_then_b_then_a_again_is_asked_for_three_times(pipe: Pipe, daemon: Daemon) -> None:
    loaded = []
    for content in ("a", "b", "a"):
        pipe.deliver(YESTERDAY, [sms(content, YESTERDAY)])
        daemon.tick_and_load()
        loaded += pipe.query("SELECT id FROM staging.sms_interaction")

    assert loaded == [("a",), ("b",), ("a",)]


def test_what_was_loaded_by_hand_is_not_asked_for(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipe.load(YESTERDAY)

    assert daemon.tick_and_load() == []


def test_a_dump_refused_for_its_content_is_not_asked_for_again_until_it_changes(
    pipe: Pipe, daemon: Daemon
) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY, event=None)])
    refused = [daemon.tick_and_load() for _ in range(2)]

    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    mended = daemon.tick_and_load()

    assert (refused, mended) == ([[YESTERDAY.isoformat()], []], [YESTERDAY.isoformat()])


def test_a_run_that_was_killed_between_pull_and_load_is_made_up_for(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()
    pipe.deliver(YESTERDAY, [sms("2", YESTERDAY)])
    pipe.load(YESTERDAY, layers=[Layer.LANDING])

    assert daemon.tick_and_load() == [YESTERDAY.isoformat()]
    assert pipe.query("SELECT id FROM staging.sms_interaction") == [("2",)]


def test_the_schedule_behind_the_sensor_loads_nothing_twice(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()

    pipe.load(YESTERDAY, tags={SKIP_UNCHANGED_TAG: "true", "dagster/schedule_name": "daily_dump"})

    assert pipe.query("SELECT status FROM ops.load ORDER BY load_seq") == [("loaded",), ("unchanged",)]
    assert daemon.tick() == []


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({"dagster/partition": YESTERDAY.isoformat()}, id="the day"),
        pytest.param(range_tags(TODAY - timedelta(days=3), TODAY), id="a range that holds it"),
    ],
)
def test_a_day_that_some_run_is_loading_is_left_alone_until_it_is_done(
    pipe: Pipe, daemon: Daemon, tags: dict[str, str]
) -> None:
    """Whoever asked for it: the schedule, a person, or this sensor before."""
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    job = build_definitions(pipe.settings).resolve_job_def("load")
    run = pipe.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)

    while_at_work = daemon.tick()
    pipe.instance.report_run_canceled(run)
    done = daemon.tick()

    assert (len(while_at_work), len(done)) == (0, 1)


def test_a_correction_of_an_older_day_is_found_in_its_turn(pipe: Pipe, daemon: Daemon) -> None:
    """Each look lists a few of the older days, so that its cost does not grow with the history."""
    older = [TODAY - timedelta(days=back) for back in range(20, 36)]
    for day in older:
        pipe.deliver_bytes(day, b"")
    pipe.load(older[-1], older[0], tags={SKIP_UNCHANGED_TAG: "true"})
    pipe.deliver(older[0], [sms("1", older[0])])

    assert [daemon.tick_and_load() for _ in range(4)] == [[], [], [older[0].isoformat()], []]


def test_what_the_archive_no_longer_holds_is_not_pulled_again(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()
    shutil.rmtree(pipe.settings.archive)

    assert daemon.tick() == []


def test_a_warehouse_that_a_load_holds_is_a_reason_to_skip(pipe: Pipe) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    pipe.load(YESTERDAY)
    context = dg.build_sensor_context(instance=pipe.instance, resources={"settings": pipe.settings})

    with pipe.settings.open_warehouse().writing():
        result = build_new_dumps(pipe.settings)(context)

    assert isinstance(result, dg.SkipReason)
    assert "in use" in str(result.skip_message)


def test_a_zone_that_does_not_answer_hides_no_other(pipe: Pipe, daemon: Daemon, tmp_path: Path) -> None:
    daemon.pipe = Pipe(
        pipe.settings.model_copy(update={"landing_by_entity": {"email_interaction": str(tmp_path / "gone")}}),
        pipe.instance,
    )
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    (request,) = daemon.tick()

    assert {key.path[1] for key in request.asset_selection or []} == {"sms_interaction"}


def test_dagster_itself_takes_the_requests_as_they_are(pipe: Pipe) -> None:
    """The daemon resolves partition, assets and job of each; a request that does not fit fails there."""
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    definitions = build_definitions(pipe.settings)
    context = dg.build_sensor_context(
        instance=pipe.instance, definitions=definitions, resources={"settings": pipe.settings}
    )

    evaluated = definitions.get_repository_def().get_sensor_def("new_dumps").evaluate_tick(context)

    (request,) = evaluated.run_requests or []
    assert request.tags["dagster/partition"] == YESTERDAY.isoformat()
    asked = definitions.resolve_job_def("load").get_subset(
        asset_selection=set(request.asset_selection or []),
        asset_check_selection=set(request.asset_check_keys or []),
    )
    assert {node.name for node in asked.graph.nodes} == {"load_sms_interaction"}


def test_a_zone_that_does_not_answer_is_a_reason_to_skip_and_no_crash(daemon: Daemon) -> None:
    asked = daemon.tick()

    assert asked == []
    assert daemon.skipped is not None
    assert daemon.skipped.count("there is no such folder") == 1


def test_the_cursor_forgets_days_that_are_done(pipe: Pipe, daemon: Daemon) -> None:
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])
    daemon.tick_and_load()

    daemon.tick()

    assert daemon.cursor == '{"asked":{},"sightings":{}}'


def test_a_dump_that_is_still_growing_is_not_asked_for(pipe: Pipe, daemon: Daemon) -> None:
    daemon.pipe = Pipe(pipe.settings.model_copy(update={"stability_seconds": 3600}), pipe.instance)
    pipe.deliver(YESTERDAY, [sms("1", YESTERDAY)])

    before_the_marker = daemon.tick()
    pipe.deliver_bytes(YESTERDAY, b"", name="_SUCCESS")
    behind_the_marker = daemon.tick()

    assert (len(before_the_marker), len(behind_the_marker)) == (0, 1)

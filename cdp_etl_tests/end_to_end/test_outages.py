"""A daemon that is down and a killed command: how they are reported, and how the pipeline recovers.

One installation on Postgres; the tests run in order.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from cdp_etl.defs.in_process import DUMP_DATES_TAG
from cdp_etl.defs.jobs import LOAD_JOB
from cdp_etl.entities import ENTITIES
from cdp_etl.sample import generate
from cdp_etl.warehouse import WarehouseMissingError
from cdp_etl_tests.end_to_end.installation import Installation, installation
from cdp_etl_tests.end_to_end.postgres import Postgres
from cdp_etl_tests.end_to_end.queries import Run
from cdp_etl_tests.noon import zone_at_noon

pytestmark = pytest.mark.system

_TICK_IN = timedelta(seconds=180)
"""Seconds from the start of the installation to the schedule's tick; the daemon starts and stops within."""

_SCHEDULE_TAG = "dagster/schedule_name"
_LONG = 500


@dataclass(frozen=True)
class Outage:
    """Installation whose daemon does not run yet, and the time of its schedule's tick."""

    installed: Installation
    tick: datetime
    days: tuple[date, date]
    """The day before yesterday, and yesterday."""

    def doctor_on_the_daemon(self) -> str:
        """Return the line of `cdp-etl doctor` about the daemon."""
        checks = json.loads(self.installed.command_line("cdp-etl", "doctor", "--json").stdout)
        (detail,) = [check["sentence"] for check in checks if check["what"] == "Dagster's daemon"]
        return str(detail)

    def load_counts(self) -> dict[tuple[str, date], int]:
        """Count how often each dump was loaded."""
        try:
            with self.installed.settings.open_warehouse().reading() as connection:
                counted = connection.execute(
                    "SELECT entity, dump_date, count(*) FROM ops.load WHERE status = 'loaded' GROUP BY ALL"
                ).fetchall()
        except WarehouseMissingError:
            return {}
        return {(entity, day): count for entity, day, count in counted}

    def scheduled(self) -> list[Run]:
        """Return the runs that the schedule requested."""
        runs = self.installed.graphql.runs(job=LOAD_JOB.name)
        return [run for run in runs if run.tags.get(_SCHEDULE_TAG) == "daily_dump"]


@pytest.fixture(scope="module")
def outage(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    zone, local = zone_at_noon()
    tick = (local + _TICK_IN + timedelta(seconds=59)).replace(second=0, microsecond=0)
    yesterday = local.date() - timedelta(days=1)
    days = (yesterday - timedelta(days=1), yesterday)
    settings = {
        "CDP_ETL_FIRST_DUMP_DATE": days[0].isoformat(),
        "CDP_ETL_DUMP_TIMEZONE": zone,
        "CDP_ETL_SCHEDULE": f"{tick.minute} {tick.hour} * * *",
        "CDP_ETL_POLL_INTERVAL_SECONDS": "5",
        "CDP_ETL_MART_REFRESH_INTERVAL_SECONDS": "100000",
    }
    home = tmp_path_factory.mktemp("outages")
    (home / "data" / "landing").mkdir(parents=True)
    with installation(home, postgres, starting=("code", "webserver"), **settings) as installed:
        yield Outage(installed, tick.astimezone(UTC), days)


def age_heartbeats(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every heartbeat of the instance one hour older."""
    for name, value in installed.variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(str(installed.home)) as instance:
        for beat in instance.get_daemon_heartbeats().values():
            instance.add_daemon_heartbeat(
                DaemonHeartbeat(beat.timestamp - 3600, beat.daemon_type, beat.daemon_id, beat.errors)
            )


def test_doctor_says_that_no_daemon_has_ever_run(outage: Outage) -> None:
    ended = outage.installed.command_line("cdp-etl", "doctor")

    assert ended.returncode == 1
    assert "Not running" in ended.stdout
    assert "scheduler" in outage.doctor_on_the_daemon()


def test_doctor_says_that_a_daemon_has_stopped_beating(outage: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    outage.installed.start("daemon")
    assert outage.doctor_on_the_daemon() == "Running."

    outage.installed.kill("daemon")
    age_heartbeats(outage.installed, monkeypatch)

    assert "Not running" in outage.doctor_on_the_daemon()
    assert "scheduler" in outage.doctor_on_the_daemon()


def test_what_a_daemon_that_was_down_has_missed_is_caught_up_with_and_nothing_is_loaded_twice(
    outage: Outage,
) -> None:
    """The scheduler repeats only the last missed tick; the sensor finds the other day."""
    generate(outage.installed.settings.data / "landing", outage.days[0], len(outage.days), 30)
    time.sleep(max(0, (outage.tick - datetime.now(UTC)).total_seconds() + 1))
    assert outage.scheduled() == []
    everything = {(entity.table, day): 1 for entity in ENTITIES for day in outage.days}

    outage.installed.start("daemon")

    (run,) = outage.installed.wait("the schedule has asked", outage.scheduled, seconds=_LONG)
    assert run.tags["dagster/partition"] == outage.days[1].isoformat()
    outage.installed.wait(
        "every dump is loaded", lambda: outage.load_counts().keys() == everything.keys(), seconds=_LONG
    )
    outage.installed.wait(
        "every run has ended", lambda: all(run.has_ended for run in outage.installed.graphql.runs()), seconds=_LONG
    )
    assert outage.load_counts() == everything
    (tick,) = outage.installed.graphql.ticks("daily_dump")
    assert (tick.at, tick.status, tick.run_ids) == (outage.tick, "SUCCESS", [run.run_id])
    assert len(outage.scheduled()) == 1


def test_a_command_line_that_was_killed_counts_as_failed_and_the_next_one_works(
    outage: Outage,
) -> None:
    first, last = (day.isoformat() for day in outage.days)
    command = ["cdp-etl", "run", "--from", first, "--to", last, "--force"]
    known = {run.run_id for run in outage.installed.graphql.runs()}

    def at_work() -> list[Run]:
        return [
            run
            for run in outage.installed.graphql.runs(job=LOAD_JOB.name)
            if run.run_id not in known and run.status == "STARTED" and DUMP_DATES_TAG in run.tags
        ]

    killed = subprocess.Popen(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        env=outage.installed.variables,
        cwd=outage.installed.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (run,) = outage.installed.wait("the run has started", at_work, seconds=_LONG)
    killed.kill()
    killed.wait(10)

    def ended() -> str | None:
        (same,) = [one for one in outage.installed.graphql.runs() if one.run_id == run.run_id]
        return same.status if same.has_ended else None

    assert outage.installed.wait("the run counts as ended", ended, seconds=_LONG) == "FAILURE"
    again = outage.installed.command_line(
        "cdp-etl", "run", "--from", last, "--entity", "sms-interaction", "--force"
    )
    assert again.returncode == 0, again.stderr

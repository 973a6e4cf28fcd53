"""Backfills on Postgres with daemon and web server: one run, one run per day, cancelled, repeated."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.entities import ENTITIES
from cdp_etl.pipeline.unapplied_loads import find_unapplied_loads
from cdp_etl.sample import generate
from cdp_etl_tests.end_to_end.comparing import reason, statuses
from cdp_etl_tests.end_to_end.installation import PARTS, Installation, installation
from cdp_etl_tests.end_to_end.postgres import Postgres

pytestmark = pytest.mark.system

BROKEN = "email-interaction"
BROKEN_FILE = "part-2.ndjson.gz"


def days(first: int, last: int) -> list[date]:
    """Return days of March."""
    return [date(2026, 3, 1) + timedelta(days=number - 1) for number in range(first, last + 1)]


RANGE = days(1, 3)
DAY_BY_DAY = days(5, 7)
CANCELLED = days(10, 15)
BY_COMMAND = days(20, 21)
BAD_DAY = RANGE[1]
AS_JSON = {"CDP_ETL_LOG_FORMAT": "json", "CDP_DAGSTER_LOG_FORMAT": "json"}
# DuckDB's binding prints these lines from C if a thread outlives the main thread; they are not log lines.
NOT_LOGGED = ("nanobind: ", " - leaked ", " - ... skipped remainder", "See https://nanobind.")


@pytest.fixture(scope="module")
def installed(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("backfills")
    landing = home / "data" / "landing"
    for chosen, rows in ((RANGE, 30), (DAY_BY_DAY, 30), (CANCELLED, 100), (BY_COMMAND, 30)):
        generate(landing, chosen[0], len(chosen), rows)
    with installation(home, postgres, **AS_JSON) as running:
        bad_file(running).write_bytes(b"not gzip")
        yield running


def bad_file(installed: Installation) -> Path:
    """Return the path of the file that cannot be read at first."""
    return installed.settings.data / "landing" / BROKEN / BAD_DAY.isoformat() / BROKEN_FILE


def all_keys(installed: Installation) -> Sequence[dg.AssetKey]:
    """Return the keys of all assets, as for "Materialize all" in the asset graph."""
    graph = build_definitions(installed.settings).resolve_asset_graph()
    return sorted(graph.materializable_asset_keys)


def dumps(installed: Installation, chosen: Sequence[date]) -> dict[str, int]:
    """Count the dumps of some days by the status of their newest attempt."""
    counted: dict[str, int] = {}
    for (_, day), status in statuses(installed.settings.open_warehouse()).items():
        if day in chosen:
            counted[status] = counted.get(status, 0) + 1
    return counted


def wait_for_end(installed: Installation, backfill_id: str) -> str:
    """Wait until a backfill has ended and return its status."""
    return installed.wait("the backfill is over", lambda: installed.graphql.backfill_end(backfill_id), seconds=500)


def wait_for_marts(installed: Installation) -> None:
    """Wait until the marts have applied every load."""
    warehouse = installed.settings.open_warehouse()
    installed.wait("the marts hold every load", lambda: find_unapplied_loads(warehouse) is None, seconds=500)


def test_a_range_of_days_is_one_run_and_a_bad_day_keeps_no_other_from_being_loaded(
    installed: Installation,
) -> None:
    warehouse = installed.settings.open_warehouse()

    backfill_id = installed.graphql.backfill_assets(all_keys(installed), RANGE)

    assert wait_for_end(installed, backfill_id) == "COMPLETED_FAILED"
    assert len(installed.graphql.runs(backfill_id=backfill_id)) == 1
    assert dumps(installed, RANGE) == {"loaded": 17, "refused": 1}
    assert statuses(warehouse)[BROKEN.replace("-", "_"), BAD_DAY] == "refused"
    assert BROKEN_FILE in reason(warehouse, BROKEN.replace("-", "_"), BAD_DAY)
    # The marts' steps of that run were skipped; the sensor starts a run for the loaded dumps.
    wait_for_marts(installed)


def test_days_that_are_loaded_with_the_same_content_are_passed_over(installed: Installation) -> None:
    bad_file(installed).write_bytes(gzip.compress(b""))

    backfill_id = installed.graphql.backfill_assets(all_keys(installed), RANGE)

    assert wait_for_end(installed, backfill_id) == "COMPLETED_SUCCESS"
    assert dumps(installed, RANGE) == {"unchanged": 17, "loaded": 1}
    assert find_unapplied_loads(installed.settings.open_warehouse()) is None


def test_one_run_a_day_in_any_order_comes_to_the_same(installed: Installation) -> None:
    keys = load_keys(ENTITIES)
    launched = [installed.graphql.backfill_assets(keys, [day]) for day in reversed(DAY_BY_DAY)]

    assert {wait_for_end(installed, backfill_id) for backfill_id in launched} == {"COMPLETED_SUCCESS"}
    assert dumps(installed, DAY_BY_DAY) == {"loaded": 18}
    wait_for_marts(installed)


def test_a_backfill_that_was_cancelled_midway_goes_on_where_it_stopped(installed: Installation) -> None:
    keys = load_keys(ENTITIES)
    cut = installed.graphql.backfill_assets(keys, CANCELLED)
    installed.wait("the first dumps are loaded", lambda: dumps(installed, CANCELLED), seconds=500)

    installed.graphql.cancel_backfill(cut)

    assert wait_for_end(installed, cut) == "CANCELED"
    (run,) = installed.graphql.runs(backfill_id=cut)
    assert run.status == "CANCELED"
    kept = dumps(installed, CANCELLED)
    assert kept.keys() == {"loaded"}
    assert 0 < kept["loaded"] < 6 * len(CANCELLED)

    again = installed.graphql.backfill_assets(keys, CANCELLED)

    assert wait_for_end(installed, again) == "COMPLETED_SUCCESS"
    assert dumps(installed, CANCELLED) == {
        "unchanged": kept["loaded"],
        "loaded": 6 * len(CANCELLED) - kept["loaded"],
    }


def test_the_command_line_backfills_on_the_same_instance(installed: Installation) -> None:
    first, last = (day.isoformat() for day in (BY_COMMAND[0], BY_COMMAND[-1]))
    by_hand = installed.command_line("cdp-etl", "run", "--from", first, "--to", first)
    by_dagster = installed.command_line(
        *("dagster", "job", "backfill", "--noprompt", "--workspace", "workspace.yaml"),
        *("--location", "cdp_etl", "--job", LOAD_JOB.name, "--from", first, "--to", last),
    )

    assert (by_hand.returncode, by_dagster.returncode) == (0, 0), by_hand.stderr + by_dagster.stderr
    installed.wait(
        "both days are there",
        lambda: dumps(installed, BY_COMMAND) == {"unchanged": 6, "loaded": 6},
        seconds=500,
    )
    assert MARTS_JOB.name in {run.job for run in installed.graphql.runs()}


@pytest.mark.parametrize("part", PARTS)
def test_all_that_was_logged_meanwhile_is_json(installed: Installation, part: str) -> None:
    ours, dagsters = {"time", "message"}, {"timestamp", "event"}

    printed = (installed.home / f"{part}.log").read_text().splitlines()
    lines = [json.loads(line) for line in printed if not line.startswith(NOT_LOGGED)]

    assert lines
    odd = [line for line in lines if not (ours <= line.keys() or dagsters <= line.keys())]
    assert odd == []
    assert [line for line in lines if not {"level", "logger"} <= line.keys()] == []

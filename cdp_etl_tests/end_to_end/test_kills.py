"""Processes killed during a backfill: it completes, and the warehouse equals that of an undisturbed run."""

import os
import signal
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from cdp_etl.defs.jobs import load_keys
from cdp_etl.entities import ENTITIES
from cdp_etl.pipeline.unapplied_loads import find_unapplied_loads
from cdp_etl.sample import generate
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseMissingError, ledger
from cdp_etl_tests.end_to_end.comparing import contents, in_place
from cdp_etl_tests.end_to_end.installation import PARTS, Installation, installation
from cdp_etl_tests.end_to_end.postgres import Postgres

pytestmark = pytest.mark.system

FIRST_HALF, SECOND_HALF = (
    [date(2026, 3, first) + timedelta(days=number) for number in range(3)] for first in (1, 4)
)


@pytest.fixture(scope="module")
def installed(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("kills")
    generate(home / "data" / "landing", FIRST_HALF[0], len(FIRST_HALF + SECOND_HALF), 100)
    with installation(home, postgres) as running:
        yield running


def loaded_days(installed: Installation, days: Sequence[date]) -> int:
    """Count the dumps of some days that are loaded."""
    try:
        rows = ledger(installed.settings.open_warehouse(), None, days[0], days[-1])
    except WarehouseMissingError:
        return 0
    return rows["loaded_load_id"].count()


def run_workers(installed: Installation) -> list[int]:
    """Return the processes in which the code location executes runs."""
    code = installed.processes["code"].pid
    threads = Path(f"/proc/{code}/task").glob("*/children")
    children = [pid for thread in threads for pid in thread.read_text().split()]
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def wait_for_completion(installed: Installation, backfill_id: str, days: Sequence[date]) -> None:
    """Wait until a backfill has ended, each failed run was retried successfully, and everything is loaded.

    Dagster's daemon first reads the materialized partitions asset by asset, then the active runs. A retry that
    ends between the two leaves the backfill `COMPLETED_FAILED` although nothing is missing. Launched once more,
    as an operator would, it must succeed.
    """
    end = installed.wait("the backfill is over", lambda: installed.graphql.backfill_end(backfill_id), seconds=500)
    assert end in {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}, installed.explain()
    runs = installed.graphql.runs(backfill_id=backfill_id)
    done = {run.first_run_id for run in runs if run.status == "SUCCESS"}
    assert {run.first_run_id for run in runs} == done, installed.explain()
    if end == "COMPLETED_FAILED":
        again = installed.graphql.backfill_assets(load_keys(ENTITIES), days)
        end = installed.wait("it is over once more", lambda: installed.graphql.backfill_end(again), seconds=500)
    assert end == "COMPLETED_SUCCESS", installed.explain()


def test_a_backfill_outlives_its_worker_the_daemon_and_the_web_server(installed: Installation) -> None:
    backfill_id = installed.graphql.backfill_assets(load_keys(ENTITIES), FIRST_HALF)
    installed.wait("the first dumps are loaded", lambda: loaded_days(installed, FIRST_HALF), seconds=500)

    installed.kill("daemon")
    installed.kill("webserver")
    workers = run_workers(installed)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    assert workers
    assert loaded_days(installed, FIRST_HALF) < len(FIRST_HALF) * len(ENTITIES)
    installed.start("webserver", "daemon")
    wait_for_completion(installed, backfill_id, FIRST_HALF)
    statuses = {run.status for run in installed.graphql.runs(backfill_id=backfill_id)}
    assert statuses == {"FAILURE", "SUCCESS"}
    assert loaded_days(installed, FIRST_HALF) == len(FIRST_HALF) * len(ENTITIES)


def test_a_run_that_died_with_its_whole_machine_is_found_dead_and_done_again(installed: Installation) -> None:
    """Dagster's own launcher does not check: the run stayed active forever, and no sensor requested its days."""
    backfill_id = installed.graphql.backfill_assets(load_keys(ENTITIES), SECOND_HALF)
    installed.wait("the first dumps are loaded", lambda: loaded_days(installed, SECOND_HALF), seconds=500)

    for part in PARTS:
        installed.kill(part)

    assert loaded_days(installed, SECOND_HALF) < len(SECOND_HALF) * len(ENTITIES)
    installed.start(*PARTS)
    wait_for_completion(installed, backfill_id, SECOND_HALF)
    assert loaded_days(installed, SECOND_HALF) == len(SECOND_HALF) * len(ENTITIES)


def test_afterwards_the_warehouse_equals_that_of_an_undisturbed_run(
    installed: Installation, tmp_path: Path
) -> None:
    warehouse = installed.settings.open_warehouse()
    installed.wait("the marts hold every load", lambda: find_unapplied_loads(warehouse) is None, seconds=500)
    undisturbed = Settings(
        data=tmp_path, landing=str(installed.settings.data / "landing"), threads=1, memory_limit="500MiB"
    )
    variables = {
        name: value for name, value in installed.variables.items() if not name.startswith(("CDP_", "DAGSTER_"))
    }
    ended = installed.command_line(
        *("cdp-etl", "run", "--from", FIRST_HALF[0].isoformat(), "--to", SECOND_HALF[-1].isoformat()),
        variables=variables | {"CDP_ETL_DATA": str(tmp_path), "CDP_ETL_LANDING": undisturbed.landing},
    )

    assert ended.returncode == 0, ended.stderr
    assert in_place(warehouse) == in_place(undisturbed.open_warehouse())
    assert contents(warehouse) == contents(undisturbed.open_warehouse())

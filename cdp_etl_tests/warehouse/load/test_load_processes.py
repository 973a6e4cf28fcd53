"""Loads by several processes at once, and killed loads: the warehouse is as after loads one by one."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cdp_etl.warehouse import Warehouse
from cdp_etl_tests.warehouse.dumps import Dump
from cdp_etl_tests.warehouse.loading import comment, load, load_records, rows, write_lake

LOAD = """
import pickle, sys
from pathlib import Path
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import load
dump = pickle.loads(Path(sys.argv[2]).read_bytes())
print("ready", flush=True)
print(load(at(Path(sys.argv[1])), dump).status, flush=True)
"""

KILLED_BEFORE = """
import os, signal, sys
import cdp_etl.warehouse.load.load as steps
module, function = sys.argv[3].split(".")
owner = getattr(steps, module)
setattr(owner, function, lambda *arguments, **named: os.kill(os.getpid(), signal.SIGKILL))
"""

STAGED = "FROM staging.customer_product_comment"
FEED = "SELECT * EXCLUDE (load_id) FROM ops.change_feed"
LEDGER = "SELECT load_seq, dump_date, status, accepted FROM ops.load"


def start(warehouse: Warehouse, dump: Dump, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start a process that loads a dump."""
    pickled = warehouse.path.with_name(f"{dump.content_fingerprint}.pickle")
    pickled.write_bytes(pickle.dumps(dump))
    return subprocess.Popen(
        [sys.executable, "-c", before + LOAD, str(warehouse.path), str(pickled), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


def many(first: int, count: int, title: str) -> list[dict[str, object]]:
    """Return comments with consecutive ids."""
    return [comment(str(own_id), title=title) for own_id in range(first, first + count)]


@pytest.mark.full
def test_while_one_process_loads_a_second_waits_and_then_loads(warehouse: Warehouse) -> None:
    folder = warehouse.path.parent
    dumps = [write_lake(folder, number, many(number * 1000, 1500, f"day {number}")) for number in (1, 2, 3)]

    processes = [start(warehouse, dump) for dump in dumps]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert outputs == ["ready\nloaded\n"] * 3
    newest = "SELECT title, count(*) FROM staging.customer_product_comment_current GROUP BY title"
    assert rows(warehouse, newest) == [("day 1", 1000), ("day 2", 1000), ("day 3", 1500)]
    assert rows(warehouse, "SELECT load_seq FROM ops.load") == [(1,), (2,), (3,)]


@pytest.mark.full
@pytest.mark.parametrize(
    "step",
    [
        "ledger.begin_load",
        "current_versions.plan_others",
        "change_feed.write_before",
        "replace_rows.update_others",
        "change_feed.write_after",
        "replace_rows.replace_accepted",
        "replace_rows.replace_quarantined_and_superseded",
        "invariants.check_records_balance",
        "ledger.write_attempt",
    ],
)
def test_a_load_killed_before_any_step_and_run_again_gives_the_same_warehouse(
    warehouse: Warehouse, step: str
) -> None:
    load_records(warehouse, 1, many(1, 3, "old"))
    load_records(warehouse, 2, many(2, 3, "first try"))
    before = [rows(warehouse, query) for query in (STAGED, FEED, LEDGER)]
    dump = write_lake(warehouse.path.parent, 2, many(3, 3, "new"), quarantined=1, superseded=1)

    killed = start(warehouse, dump, step, before=KILLED_BEFORE)
    killed.communicate(timeout=60)

    assert killed.returncode == -signal.SIGKILL
    assert [rows(warehouse, query) for query in (STAGED, FEED, LEDGER)] == before
    assert load(warehouse, dump).status == "loaded"
    assert rows(warehouse, "SELECT comment_id, title FROM staging.customer_product_comment_current") == [
        ("1", "old"),
        ("2", "old"),
        ("3", "new"),
        ("4", "new"),
        ("5", "new"),
    ]
    assert rows(warehouse, LEDGER)[-1][0] == 3


@pytest.mark.full
def test_a_load_killed_at_any_time_and_run_again_gives_the_same_warehouse(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Kills by the clock also hit the middle of a statement, the commit and the close."""
    load_records(warehouse, 1, many(1, 20_000, "old"))
    dump = write_lake(tmp_path, 2, many(10_001, 20_000, "new"))
    statuses = []

    for milliseconds in (0, 60, 150, 300, 500):
        process = start(warehouse, dump)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        titles = rows(
            warehouse, "SELECT title, count(*) FROM staging.customer_product_comment_current GROUP BY title"
        )
        statuses.append(titles)

    assert load(warehouse, dump).status in {"loaded", "unchanged"}
    nothing, everything = [("old", 20_000)], [("new", 20_000), ("old", 10_000)]
    assert all(titles in (nothing, everything) for titles in statuses)
    assert (
        rows(warehouse, "SELECT title, count(*) FROM staging.customer_product_comment_current GROUP BY title")
        == everything
    )
    assert rows(
        warehouse, "SELECT count(*), count(DISTINCT comment_id) FROM staging.customer_product_comment"
    ) == [(40_000, 30_000)]

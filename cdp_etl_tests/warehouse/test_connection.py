"""Opening of the warehouse: one writer at a time, waiting for the lock, limits, release after errors and kills."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_etl.warehouse import (
    BusinessTimezoneChangedError,
    Warehouse,
    WarehouseLockedError,
    WarehouseMissingError,
    transaction,
)
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

OPENED_BY_OUR_OWN = """
import sys
from pathlib import Path
from cdp_etl.warehouse import Warehouse
with Warehouse(Path(sys.argv[1]), 20.0, "512MiB", 1, "UTC").writing():
    print("open", flush=True)
    sys.stdin.readline()
"""
OPENED_FOR_READING = OPENED_BY_OUR_OWN.replace("writing()", "reading()")
OPENED_BY_ANOTHER_PROGRAM = """
import sys, duckdb
with duckdb.connect(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def opened_by(program: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program that opens the warehouse until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    try:
        yield process
    finally:
        process.communicate("close\n", timeout=30)


@pytest.mark.parametrize(
    ("program", "named"),
    [
        pytest.param(OPENED_BY_OUR_OWN, "cdp.duckdb.lock", id="our own process"),
        pytest.param(OPENED_BY_ANOTHER_PROGRAM, "cdp.duckdb", id="another program"),
    ],
)
@pytest.mark.parametrize("opening", ["writing", "reading"])
def test_a_lock_held_too_long_is_an_error_naming_lock_holder_and_time_waited(
    warehouse: Warehouse, program: str, named: str, opening: str
) -> None:
    impatient = replace(warehouse, lock_timeout_seconds=0.3)
    with (
        opened_by(program, warehouse.path) as process,
        pytest.raises(WarehouseLockedError) as locked,
        getattr(impatient, opening)(),
    ):
        pass

    assert f"process {process.pid} held {warehouse.path.parent / named} for all of the 0." in str(locked.value)


@pytest.mark.full
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(OPENED_BY_OUR_OWN, id="our own process"),
        pytest.param(OPENED_BY_ANOTHER_PROGRAM, id="another program"),
    ],
)
def test_a_second_process_waits_for_its_turn(warehouse: Warehouse, program: str) -> None:
    with opened_by(program, warehouse.path) as process:
        assert process.stdin is not None
        waiting = subprocess.Popen(
            [sys.executable, "-c", OPENED_BY_OUR_OWN, str(warehouse.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(1.0)
        assert waiting.poll() is None
        process.stdin.write("close\n")
        process.stdin.flush()
        output, _ = waiting.communicate("close\n", timeout=30)

    assert (output, waiting.returncode) == ("open\n", 0)


@pytest.mark.full
def test_readers_of_several_processes_share_the_warehouse_and_a_writer_waits_for_all_of_them(
    warehouse: Warehouse,
) -> None:
    impatient = replace(warehouse, lock_timeout_seconds=0.3)

    with opened_by(OPENED_FOR_READING, warehouse.path):
        with opened_by(OPENED_FOR_READING, warehouse.path):
            assert rows(impatient, "SELECT count(*) FROM ops.load") == [(0,)]
        with pytest.raises(WarehouseLockedError, match="another process held"), impatient.writing():
            pass

    with impatient.writing() as connection:
        assert connection.execute("SELECT count(*) FROM ops.load").fetchall() == [(0,)]


@pytest.mark.full
def test_readers_that_spill_to_disk_use_separate_temporary_files(warehouse: Warehouse) -> None:
    with warehouse.writing() as connection:
        connection.execute("CREATE TABLE marts.many AS SELECT i, md5(i::VARCHAR) AS hash FROM range(400_000) t(i)")
    reading = """
import sys
from pathlib import Path
from cdp_etl.warehouse import Warehouse
with Warehouse(Path(sys.argv[1]), 20.0, "30MiB", 1, "UTC").reading() as connection:
    print("open", flush=True)
    sys.stdin.readline()
    query = "SELECT sum(place) FROM (SELECT row_number() OVER (ORDER BY hash) AS place FROM marts.many)"
    found = connection.execute(query)
    print(found.fetchall()[0][0], flush=True)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", reading, str(warehouse.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout and process.stdout.readline() for process in processes] == ["open\n"] * 2
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    # DuckDB prints its progress first if a query takes long.
    sums = [process.communicate(timeout=120)[0].splitlines()[-1] for process in processes]
    assert sums == [str(400_000 * 400_001 // 2)] * 2


def test_a_writer_removes_the_temporary_files_of_readers_that_were_killed(warehouse: Warehouse) -> None:
    leftover = Path(f"{warehouse.path}.tmp-12345")
    leftover.mkdir()
    (leftover / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"x")

    with warehouse.writing():
        pass

    assert not leftover.exists()


def test_the_lock_is_free_again_after_a_failure_in_the_block(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.writing():
        raise ZeroDivisionError

    with replace(warehouse, lock_timeout_seconds=0.0).writing() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_transaction_that_fails_leaves_nothing(warehouse: Warehouse) -> None:
    def insert_then_fail() -> None:
        with warehouse.writing() as connection, transaction(connection):
            connection.execute("INSERT INTO ops.metadata VALUES ('a', 'b')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        insert_then_fail()

    assert rows(warehouse, "SELECT * FROM ops.metadata WHERE name = 'a'") == []


def test_reading_a_missing_warehouse_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseMissingError, match=r"There is no warehouse at .*cdp\.duckdb yet"),
        at(tmp_path / "cdp.duckdb").reading(),
    ):
        pass


def test_connections_use_utc_and_the_given_limits(warehouse: Warehouse) -> None:
    settings = "SELECT current_setting('TimeZone'), current_setting('threads'), current_setting('temp_directory')"

    for opening, suffix in ((warehouse.writing, ""), (warehouse.reading, f"-{os.getpid()}")):
        with opening() as connection:
            ((zone, threads, temporary),) = connection.execute(settings).fetchall()

        assert (zone, threads, Path(temporary)) == ("UTC", 1, Path(f"{warehouse.path}.tmp{suffix}"))


def test_after_a_kill_committed_rows_exist_and_others_do_not(warehouse: Warehouse) -> None:
    """A killed process leaves a write-ahead log, which a reader must be able to open."""
    program = """
import os, sys
from pathlib import Path
from cdp_etl.warehouse import Warehouse
with Warehouse(Path(sys.argv[1]), 20.0, "512MiB", 1, "UTC").writing() as connection:
    connection.execute("INSERT INTO ops.metadata VALUES ('committed', '1')")
    connection.begin()
    connection.execute("INSERT INTO ops.metadata VALUES ('begun', '1')")
    os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(warehouse.path)], check=False)

    assert killed.returncode == -9
    assert warehouse.path.with_name("cdp.duckdb.wal").exists()
    assert rows(warehouse, "SELECT name FROM ops.metadata WHERE name IN ('committed', 'begun')") == [
        ("committed",)
    ]


def test_another_business_timezone_is_an_error_after_the_first_load(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])
    elsewhere = replace(warehouse, business_timezone="Asia/Ho_Chi_Minh")

    for opening in (elsewhere.writing, elsewhere.reading):
        with (
            pytest.raises(BusinessTimezoneChangedError, match=r"are of time zone UTC, .* is Asia/Ho_Chi_Minh"),
            opening(),
        ):
            pass


def test_the_lock_file_names_the_process(warehouse: Warehouse) -> None:
    with warehouse.writing():
        assert Path(f"{warehouse.path}.lock").read_text(encoding="ascii") == str(os.getpid())

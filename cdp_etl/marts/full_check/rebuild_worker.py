"""Process that rebuilds the marts in a scratch database and compares them with those of the warehouse.

It reads one line of JSON from standard input, and writes one line of JSON per step and per mart: counts of rows,
never values. It opens the warehouse for reading only, and ends when its standard input is closed.
"""

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from cdp_etl.contract.render.ddl import literal
from cdp_etl.errors import CdpEtlError
from cdp_etl.logs.json_lines import traceback_locations
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.matches_full_rebuild import equals_its_rebuild
from cdp_etl.marts.engine import apply, input_views, state
from cdp_etl.marts.engine.functions import create_functions
from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart
from cdp_etl.marts.registry import GRAPH, mart_named, with_upstream
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.lock import shared_lock

_WAREHOUSE = "warehouse"
_SHARED_TABLES = (
    "ops.load",
    "ops.mart_state",
    *(f"staging.{name}" for name in sorted(input_views.STAGING_INPUTS)),
)
_MIN_SPILL_BYTES = 1 << 30
_PARENT_ENDED = 3


class DiskTooSmallError(CdpEtlError):
    """The disk has too little free space for the rebuild."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"The rebuild that the marts are compared with needs {needed / 2**30:.1f} GiB of free disk next to the"
            f" warehouse, and {free / 2**30:.1f} GiB are free. Free disk space, then run `cdp-etl check --full`."
        )


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limits = request["warehouse"]
    warehouse = Warehouse(**limits | {"path": Path(limits["path"])})
    # JSON has lists only; the settings have tuples.
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in request["settings"].items()
    }
    settings = MartSettings(**values)
    for answer in compare(warehouse, settings, [mart_named(name) for name in request["marts"]]):
        _answer(answer)


def report_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Answer with an error that ends the process: DuckDB quotes values, so only our own texts are repeated."""
    location = " > ".join(traceback_locations(trace)[-3:])
    unexpected = f"Unexpected {kind.__name__} (bug?) in the rebuild of the marts at {location}."
    _answer({"error": str(error) if isinstance(error, CdpEtlError) else unexpected})


def compare(warehouse: Warehouse, settings: MartSettings, marts: Sequence[Mart]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps, and the result of each mart; nothing if a load is not applied yet.

    A rebuilt mart is dropped as soon as all marts that read it are rebuilt, so the disk holds few of them.
    """
    order = with_upstream(marts)
    with _scratch_database(warehouse) as connection:
        create_functions(connection)
        newest = state.newest_load(connection)
        states = [state.state_of(connection, mart) for mart in marts]
        if any(found is None or found.load_seq != newest for found in states):
            return
        for position, mart in enumerate(order):
            yield {
                "progress": f"Rebuilding {mart.table} in a process of its own ({position + 1} of {len(order)}) …"
            }
            _rebuild(connection, mart, settings, newest)
            if mart in marts:
                yield {"mart": mart.name} | _difference(connection, mart)
            for done in order[: position + 1]:
                if {done, *GRAPH.downstream(done)}.isdisjoint(order[position + 1 :]):
                    connection.execute(f"DROP TABLE IF EXISTS {done.storage_table}")


def _rebuild(connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, load_seq: int) -> None:
    input_views.bind_settings(connection, mart, settings)
    for statement in mart.create_statements():
        connection.execute(statement)
    apply.insert_all_rows(connection, mart, load_seq)


def _difference(connection: duckdb.DuckDBPyConnection, mart: Mart) -> dict[str, Any]:
    check = equals_its_rebuild(mart, stored=f"{_WAREHOUSE}.{mart.storage_table}", rebuilt=mart.storage_table)
    result = run.run_check(connection, check, check.full_sql, "all rows")
    figures = ("violations", "found", "expected", "keys")
    return {name: getattr(result, name) for name in figures}


@contextmanager
def _scratch_database(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a new database whose staging is that of the warehouse, and hold the warehouse's lock for readers.

    The folder has the name of a reader's temporary files, so the next writer deletes it if this process is killed.
    """
    folder = warehouse.path.with_name(f"{warehouse.path.name}.tmp-{os.getpid()}")
    with shared_lock(warehouse.path, warehouse.lock_timeout_seconds, warehouse.on_lock_wait):
        size = warehouse.path.stat().st_size
        spill_bytes = max(size, _MIN_SPILL_BYTES)
        free = shutil.disk_usage(warehouse.path.parent).free
        if free < size + spill_bytes:
            raise DiskTooSmallError(size + spill_bytes, free)
        folder.mkdir()
        try:
            limits = warehouse.limits() | {
                "temp_directory": str(folder),
                "max_temp_directory_size": f"{spill_bytes} bytes",
            }
            with closing(duckdb.connect(folder / "rebuild.duckdb", config=limits)) as connection:
                connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
                connection.execute(f"ATTACH {literal(str(warehouse.path))} AS {_WAREHOUSE} (READ_ONLY)")
                for schema in ("ops", "staging", "marts", STORAGE_SCHEMA):
                    connection.execute(f"CREATE SCHEMA {schema}")
                for table in _SHARED_TABLES:
                    connection.execute(f"CREATE VIEW {table} AS FROM {_WAREHOUSE}.{table}")
                yield connection
        finally:
            shutil.rmtree(folder)


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(_PARENT_ENDED)


if __name__ == "__main__":
    sys.excepthook = report_error
    main()

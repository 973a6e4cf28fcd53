"""Comparison of a warehouse with itself in a fresh process, for the soak.

    python benchmarks/soak_verify.py WAREHOUSE EXPORT HISTORY

Run the full check of staging, with the dumps of the plan in the folder HISTORY. Of each mart, run the checks over
all rows and compare the rows with a rebuild, by EXCEPT ALL in both directions. Write the rows of each mart to the
folder EXPORT as Parquet, for the comparison between versions. Print the failed checks as a JSON list of sentences.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
from soak_plan import TIMEZONE, read_plan

from cdp_etl.contract.render.ddl import literal
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse import Warehouse, check_full


def verify(warehouse: Warehouse, export: Path, history: Path) -> Iterator[str]:
    """Yield a sentence for each failed check, and write the rows of each mart."""
    dumps = {load.dump.content_fingerprint: load.dump for load in read_plan(history)}
    for one in check_full(warehouse, lambda _entity, _dump_date, fingerprint: dumps.get(fingerprint)):
        if not one.passed:
            yield f"staging.{one.entity}: {one.check}: {one.sentence}"
    export.mkdir(parents=True, exist_ok=True)
    with warehouse.reading() as connection:
        for mart in MARTS:
            if mart.change_log_of is not None:
                continue
            rebuilt = check_matches_full_rebuild(connection, mart, MartSettings())
            for result in (*run.check_all_rows(connection, mart), rebuilt):
                if not result.passed:
                    yield f"{mart.table}: {result.sentence}"
            path = literal(str(export / f"{mart.name}.parquet"))
            connection.execute(f"COPY (FROM {mart.table}) TO {path} (FORMAT parquet)")


def failures(path: Path, export: Path, history: Path) -> list[str]:
    """Return the failed checks; an error of DuckDB is one."""
    warehouse = Warehouse(path, 60.0, memory_limit="1GiB", threads=2, business_timezone=TIMEZONE)
    found = []
    try:
        found.extend(verify(warehouse, export, history))
    except duckdb.Error as error:
        found.append(f"{type(error).__name__}: {error}")
    return found


if __name__ == "__main__":
    print(json.dumps(failures(*map(Path, sys.argv[1:]))))

"""Cost of loading one day on a growing history, compared with DuckDB's INSERT … SELECT from the same Parquet.

    python benchmarks/load.py --history 10 50 150 --out benchmarks/results-load.md

Build a warehouse of customer-product-activity with the given millions of rows. At each size, load a day of
`--rows` rows, of which one in twenty corrects a record of the ten days before. Then load a corrected version of
that day. The baseline inserts the same Parquet into the same table, with constants for the columns that a load
computes.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from dump import Dump

from cdp_etl.contract.table import lake_columns
from cdp_etl.entities import BY_NAME
from cdp_etl.warehouse import LoadResult, Warehouse, load_dump

ENTITY = BY_NAME["customer-product-activity"]
TABLE = f"staging.{ENTITY.table}"
FIRST_DAY = date(2026, 1, 1)
CORRECTED_ONE_IN = 20
CORRECTED_ROWS = 10_000_000
"""Number of latest rows over which corrections are spread evenly: ten days."""
HISTORY_AT_ONCE = 1_000_000
BARE_INSERT = f"""
    INSERT INTO {TABLE} BY NAME
    SELECT *, true AS is_current, NULL AS current_custom_fields FROM read_parquet('{{}}')
"""


INTRODUCTION = f"""# Loading one day on a growing history

{{day}}, {{system}} (load average {{load:.1f}}), DuckDB {{duckdb}}, memory limit 2 GiB, 2 threads.
{{rows:,}} rows of `{ENTITY.name}` ({{columns}} columns), of which one in {CORRECTED_ONE_IN} corrects a record of
the ten days before. Median of interleaved runs, including opening and closing of the file.
Rows of the history beyond the first {{wide:,}} have only the columns that are not nullable. A load reads the key
hashes of the whole history, and other columns only of the records that it corrects.

The bare insert writes constants instead of the computed columns. It looks up no earlier version, writes no change
feed and no ledger, checks nothing, and would leave two current versions of a corrected record.

| history, rows | file, GB | step | wall s | spread | CPU s | wall ratio | CPU ratio |
|--:|--:|---|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True)
class Measurement:
    """Wall and CPU seconds of one step, and peak resident MiB of the process so far."""

    wall: float
    cpu: float
    peak_mib: float


def rows_of_a_day(day: int, rows: int, corrected_from: int, version: int = 0) -> str:
    """Return the SQL of a day's records. One in twenty corrects a record before number `corrected_from`."""
    own_id = f"{day}::BIGINT * {rows} + i"
    if corrected_from:
        corrected_rows = min(CORRECTED_ROWS, corrected_from)
        corrected = f"{corrected_from - corrected_rows} + i * {corrected_rows // rows}::BIGINT"
        own_id = f"CASE WHEN i % {CORRECTED_ONE_IN} = 0 THEN {corrected} ELSE {own_id} END"
    timestamp = f"TIMESTAMPTZ '{FIRST_DAY + timedelta(days=day)} 00:00:00+00' + to_seconds(i % 86400)"
    derived = {
        "timezone_gmt": "7",
        "system_name": "'Website'",
        "internal_company_id": "'ORG1029130112'",
        "action_id": "lpad(id::VARCHAR, 11, '0')",
        "action": "['Search', 'Wishlist', 'View', 'AddToCart'][1 + i % 4]",
        "action_at": timestamp,
        "customer_id": "'KH' || customer",
        "customer_name": "'Nguyen Van ' || customer",
        "customer_phone": "'0' || (900000000 + customer)",
        "customer_phone_e164": "'+84' || (900000000 + customer)",
        "customer_email": "'user' || customer || '@example.com'",
        "customer_email_normalized": "'user' || customer || '@example.com'",
        "product_sku": "'SKU' || product",
        "product_name": "'Dien thoai ' || product",
        "product_category": "'Category ' || product % 50",
        "product_category_id": "'C' || product % 50",
        "product_link": "'https://shop.example/p/' || product",
        "price": "100000.0 + product",
        "quantity": f"1 + {version} + i % 3",
        "record_status": "'Active'",
        "custom_fields": """'{"customFieldTexts":{"customField01":"' || i % 100 || '"}}'""",
        "warnings": "[]::VARCHAR[]",
        "company_id": "'ORG1029130112'",
        "record_key": "'ORG1029130112|Website|' || lpad(id::VARCHAR, 11, '0')",
        "key_hash": "hash(id)",  # equivalent to MD5 for a load, and much cheaper for 150 million rows
        "occurred_at": timestamp,
        "activity_date": f"({timestamp})::DATE",
        "customer_key": "'c:KH' || customer",
        "identifiers": "['c:KH' || customer, 'e:user' || customer || '@example.com',"
        " 'p:+84' || (900000000 + customer)]",
        "dump_date": f"DATE '{FIRST_DAY + timedelta(days=day)}'",
        "has_contact_customer_id": "false",
        "has_contact_record_id": "false",
        "source_file": "'part-1.ndjson'",
        "source_position": "i + 1",
    }
    columns = ", ".join(
        f'({derived.get(column.name, "NULL")})::{column.type.duckdb.replace("JSON", "VARCHAR")} AS "{column.name}"'
        for column in lake_columns(ENTITY)
    )
    return f"""
        SELECT {columns} FROM (
          SELECT i, id, hash(id) % 2000000 AS customer, hash(i) % 5000 AS product
          FROM (SELECT i, {own_id} AS id FROM range({rows}) AS numbers(i))
        )
    """


def write_day(folder: Path, day: int, rows: int, corrected_from: int, version: int = 0) -> Dump:
    """Write the Parquet file of a day."""
    path = folder / f"{day}-{version}.parquet"
    with duckdb.connect() as connection:
        select = rows_of_a_day(day, rows, corrected_from, version)
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return Dump(FIRST_DAY + timedelta(days=day), f"{day}-{version}", 0, rows, rows, 0, 0, 0, {}, [path], [], [])


def grow(warehouse: Warehouse, rows_after: int, wide_rows: int) -> None:
    """Extend the history by a million rows per day. Rows beyond `wide_rows` have key columns only."""
    needed = ", ".join(
        "[] AS identifiers" if column.name == "identifiers" else column.name
        for column in lake_columns(ENTITY)
        if not column.is_nullable
    )
    with warehouse.writing() as connection:
        ((rows_before,),) = connection.execute(f"SELECT count(*) FROM {TABLE}").fetchall()
        for day in range(rows_before // HISTORY_AT_ONCE, rows_after // HISTORY_AT_ONCE):
            columns = "*" if day * HISTORY_AT_ONCE < wide_rows else needed
            select = rows_of_a_day(day, HISTORY_AT_ONCE, 0)
            connection.execute(f"INSERT INTO {TABLE} BY NAME SELECT {columns}, true AS is_current FROM ({select})")


@contextmanager
def stopwatch(into: list[Measurement]) -> Iterator[None]:
    """Measure the block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    into.append(Measurement(time.perf_counter() - wall, time.process_time() - cpu, peak))


def bare_insert(warehouse: Warehouse, dump: Dump) -> None:
    """Insert the same Parquet into the same table without computing anything."""
    limits = {"memory_limit": warehouse.memory_limit, "threads": warehouse.threads}
    with duckdb.connect(warehouse.path, config=limits) as connection:
        connection.execute(BARE_INSERT.format(dump.accepted_files[0]))


def load(warehouse: Warehouse, dump: Dump) -> LoadResult:
    """Load the dump as the pipeline does."""
    return load_dump(warehouse, ENTITY, dump, [], max_quarantine_rate=1.0, force=False, run_id=None)


def remove(warehouse: Warehouse, dump: Dump) -> None:
    """Delete the day, so that the next measurement has the same history."""
    with warehouse.writing() as connection:
        connection.execute(f"DELETE FROM {TABLE} WHERE dump_date = ?", [dump.dump_date])
        connection.execute(f"UPDATE {TABLE} SET is_current = true WHERE NOT is_current")
        connection.execute("DELETE FROM ops.change_feed")
        connection.execute("DELETE FROM ops.load")


def measure(
    warehouse: Warehouse, folder: Path, history: int, rows: int, repeats: int
) -> dict[str, list[Measurement]]:
    """Measure bare insert, load and reload at one size of history, interleaved."""
    day = history // HISTORY_AT_ONCE
    first = write_day(folder, day, rows, history)
    second = write_day(folder, day, rows, history, version=1)
    run: list[tuple[str, Callable[[Warehouse, Dump], object], Dump, bool]] = [
        ("bare insert", bare_insert, first, True),
        ("load", load, first, False),
        ("reload, corrected", load, second, True),
    ]
    steps: dict[str, list[Measurement]] = {step: [] for step, *_ in run}
    for _ in range(repeats):
        for step, action, dump, is_removed in run:
            with stopwatch(steps[step]):
                action(warehouse, dump)
            print(f"{history:>11,} {step:<18} {steps[step][-1]}", flush=True)
            if is_removed:
                remove(warehouse, dump)
    return steps


def report(results: dict[int, dict[str, list[Measurement]]], rows: int, wide: int, sizes: dict[int, int]) -> str:
    """Return the results as Markdown."""
    lines = [
        INTRODUCTION.format(
            day=datetime.now(UTC).date(),
            system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            load=os.getloadavg()[1],
            duckdb=duckdb.__version__,
            rows=rows,
            wide=wide,
            columns=len(lake_columns(ENTITY)),
        )
    ]
    for history, steps in results.items():
        bare_wall = statistics.median(run.wall for run in steps["bare insert"])
        bare_cpu = statistics.median(run.cpu for run in steps["bare insert"])
        for step, runs in steps.items():
            walls = [run.wall for run in runs]
            wall, cpu = statistics.median(walls), statistics.median(run.cpu for run in runs)
            lines.append(
                f"| {history:,} | {sizes[history] / 1e9:.1f} | {step}"
                f" | {wall:.2f} | {min(walls):.2f} to {max(walls):.2f} | {cpu:.2f}"
                f" | {wall / bare_wall:.2f} | {cpu / bare_cpu:.2f} |"
            )
    first, last = min(results), max(results)
    if first != last:
        wall, cpu = (
            statistics.median(getattr(run, figure) for run in results[last]["load"])
            / statistics.median(getattr(run, figure) for run in results[first]["load"])
            for figure in ("wall", "cpu")
        )
        lines += [
            "",
            f"A load on {last:,} rows takes {wall:.2f} times one on {first:,} rows (CPU: {cpu:.2f} times).",
        ]
    peak = max(run.peak_mib for steps in results.values() for runs in steps.values() for run in runs)
    lines += ["", f"Peak resident memory of the process: {peak:,.0f} MiB.", ""]
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, nargs="+", default=[10, 50, 150], help="million rows")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the day that is loaded")
    parser.add_argument(
        "--wide",
        type=int,
        default=1_000_000,
        help="million rows of history with all columns, the rest key columns only",
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for the warehouse; if given, it is kept and extended")
    parser.add_argument("--out", type=Path, help="Markdown file to write the results to")
    arguments = parser.parse_args()
    folder = arguments.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(folder / "cdp.duckdb", 60.0, "2GiB", 2, "UTC")
    results, sizes = {}, {}
    try:
        for million in sorted(arguments.history):
            history = million * 1_000_000
            grow(warehouse, history, arguments.wide * 1_000_000)
            sizes[history] = warehouse.path.stat().st_size
            results[history] = measure(warehouse, folder, history, arguments.rows, arguments.repeats)
    finally:
        if not arguments.work:
            shutil.rmtree(folder)
    text = report(results, arguments.rows, arguments.wide * 1_000_000, sizes)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

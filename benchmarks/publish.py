"""Cost of the file that readers open: tables compared with views over the Parquet files, in one process.

    python benchmarks/publish.py --history 10

Build a warehouse of a retailer's six entities (`retailer.py`) with the given millions of interactions, in ten
days, and publish. Then load three more days and publish after each. A publish writes Parquet files and views.
For the same version a file with tables is written as well, from that of the version before.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marts import KINDS, MILLION, SETTINGS
from retailer import Day, Retailer, grow, write_dumps

from cdp_etl.file_modes import OWNER_ONLY
from cdp_etl.marts.refresh import rebuild_marts, refresh_marts
from cdp_etl.marts.snapshot.database import replace_database
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.publication import PublishRules
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.warehouse import Warehouse, load_dump


@contextmanager
def measured(into: list[str]) -> Iterator[None]:
    """Append wall and CPU seconds of the block."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    into += [f"{time.perf_counter() - began:.1f}", f"{time.process_time() - cpu:.1f}"]


def publish_both(warehouse: Warehouse, folder: Path, name: str) -> None:
    """Publish with views, write the file with tables, and print a row of the table."""
    rules = PublishRules(folder / "key", max_portable_bytes=0)
    cells: list[str] = []
    with measured(cells):
        snapshot = publish(warehouse, folder / "published", SETTINGS, rules)
    with warehouse.writing() as connection, measured(cells):
        replace_database(connection, folder / "tables", snapshot, OWNER_ONLY, max_portable_bytes=2**62)
    sizes = (snapshot.bytes, (folder / "tables" / DATABASE).stat().st_size)
    print(f"| {name} | {' | '.join((*cells, *(f'{size / 1e6:,.0f}' for size in sizes)))} |", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=10, help="million interactions")
    parser.add_argument("--memory-limit", default="2GiB")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    (folder / "tables").mkdir()
    warehouse = Warehouse(folder / "cdp.duckdb", 60.0, arguments.memory_limit, 2, "UTC")
    retailer = Retailer(arguments.history * MILLION // 10)
    try:
        grow(warehouse, retailer, 0, 10)
        rebuild_marts(warehouse, SETTINGS)
        print(f"{arguments.history} million interactions, load average {os.getloadavg()[0]:.1f}\n")
        print("| publish | seconds | CPU | tables: seconds | CPU | Parquet MB | tables MB |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        publish_both(warehouse, folder, "first")
        for number, (name, kind) in enumerate(KINDS.items(), start=10):
            for entity, dump in write_dumps(folder, retailer, Day(number, **kind)):
                load_dump(warehouse, entity, dump, [], max_quarantine_rate=1.0, force=False, run_id=None)
                dump.accepted_files[0].unlink()
            refresh_marts(warehouse, SETTINGS)
            publish_both(warehouse, folder, name)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

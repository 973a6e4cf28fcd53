"""Program that opens the published file by the DuckDB release on its path, and prints what it finds as JSON.

It copies the rows of each mart to a Parquet file in a folder. It imports nothing of the package, because it runs
with an old DuckDB alone.
"""

import json
import sys
from pathlib import Path

import duckdb

_UNCOMMENTED = """
SELECT count(*) FROM duckdb_columns()
WHERE schema_name IN ('main', 'marts') AND NOT internal AND database_name = current_database()
  AND table_name <> 'snapshot' AND comment IS NULL
"""


def main(database: str, folder: Path) -> None:
    """Print what is found in the file, and copy its rows to the folder."""
    connection = duckdb.connect(database, read_only=True)
    listed = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
    for name in listed:
        connection.execute(f"COPY (FROM {name}) TO '{folder / name}.parquet'")
    ((uncommented,),) = connection.execute(_UNCOMMENTED).fetchall()
    connection.close()
    attached = duckdb.connect()
    attached.execute(f"ATTACH '{database}' AS cdp (READ_ONLY)")
    attached.execute("USE cdp")
    for name in listed:
        attached.execute(f"SELECT count(*) FROM {name}").fetchall()
    sys.stdout.write(json.dumps({"version": duckdb.__version__, "listed": listed, "uncommented": uncommented}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

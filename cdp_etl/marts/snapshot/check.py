"""Check of the newest snapshot against the hashes in its manifest.

A damaged file is deleted, so that a reader gets an error and not wrong values. The next publish writes it again.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from cdp_etl.durable_files import hash_file
from cdp_etl.marts.errors import SnapshotDamagedError
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot.database import attached
from cdp_etl.marts.snapshot.manifest import MonthFiles, Snapshot
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.marts.snapshot.tables import differing_rows
from cdp_etl.storage_errors import StorageError, is_unreadable
from cdp_etl.warehouse.duckdb_facts import damage_fact
from cdp_etl.warehouse.maintenance.full_check import StoredDataResult

_REMEDY = "Run `cdp-etl marts publish`."
_MAX_FILES_NAMED = 10


def check_snapshot(published: Path) -> list[StoredDataResult]:
    """Read all files of the newest version, and delete those that differ from their hashes.

    Files that an earlier release wrote have no hash and are not checked.

    Returns:
        A result for each mart, by its name, and one for manifest and database; none if nothing was published.
    """
    try:
        snapshot = latest_snapshot(published)
    except SnapshotDamagedError as error:
        return [_result("manifest", [str(error)])]
    if snapshot is None:
        return []
    marts = [
        _result(mart, [fact for files in months.values() for fact in _damaged_files(snapshot, files)])
        for mart, months in snapshot.marts.items()
    ]
    database = published / DATABASE
    found = _damaged_database(database, snapshot, are_files_intact=all(result.passed for result in marts))
    return [_result(DATABASE, list(found)), *marts]


def _result(name: str, facts: list[str]) -> StoredDataResult:
    sentence = " ".join(
        [f"{len(facts)} files are damaged.", *facts[:_MAX_FILES_NAMED], *([_REMEDY] if facts else [])]
    )
    return StoredDataResult("snapshot", "files_are_intact", name, len(facts), sentence)


def _damaged_files(snapshot: Snapshot, files: MonthFiles) -> Iterator[str]:
    for name in (*files.data, *files.deletes):
        path = snapshot.folder / name
        try:
            is_intact = files.hashes.get(name) in {None, hash_file(path)}
        except FileNotFoundError:
            yield f"{path} is missing."
            continue
        except OSError as error:
            if not is_unreadable(error):
                yield str(StorageError(error))
                continue
            is_intact = False
        if not is_intact:
            path.unlink()
            yield f"{path} was damaged, and was deleted."


def _damaged_database(database: Path, snapshot: Snapshot, *, are_files_intact: bool) -> Iterator[str]:
    """Yield what is wrong with the file that readers open; if its rows are damaged, delete it.

    DuckDB compares the checksum of each block that it reads. The rows are compared with the Parquet files, unless
    those are damaged.
    """
    try:
        with closing(duckdb.connect()) as connection, attached(connection, database, read_only=True) as cursor:
            ((version, layout),) = cursor.execute("SELECT version, layout FROM main.snapshot").fetchall()
            if version != snapshot.version:
                yield f"{database} is not that of version {snapshot.version}."
                return
            if layout.startswith("views ") or not are_files_intact:
                cursor.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
                return
            for mart in PUBLISHED:
                ((differs,),) = cursor.execute(differing_rows(snapshot, mart)).fetchall()
                if differs:
                    yield f"{database} has other rows of {mart.name} than the Parquet files, and was deleted."
                    database.unlink(missing_ok=True)
                    return
    except duckdb.Error as error:
        if damage_fact(error) is None:
            yield f"{database} cannot be read ({type(error).__name__})."
            return
        database.unlink()
        yield f"{database} was damaged, and was deleted."

"""`cdp.duckdb`, the file that readers open: tables with the rows of the marts, or views over the Parquet files.

With tables the file opens from any path. A new file is a copy of the last one, in which changed months are
replaced. On a file system that shares blocks the copy costs nothing. Above a size the file has views, with
absolute paths.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

import duckdb

from cdp_etl.contract.render.ddl import literal
from cdp_etl.durable_files import clone_file, sync_file, sync_folder
from cdp_etl.file_modes import Readers
from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart
from cdp_etl.marts.errors import SnapshotDamagedError
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot.delta_files import READ_ONLY
from cdp_etl.marts.snapshot.manifest import MonthFiles, Snapshot, read_snapshot
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.tables import change_statements, describing_statements, main_view_statements
from cdp_etl.marts.snapshot.views import view_statements
from cdp_etl.warehouse.duckdb_facts import damage_fact
from cdp_etl.warehouse.sql import transaction

STORAGE_VERSION: Final = "v1.0.0"
"""Format of the file, which DuckDB 1.1 and later open; analysts use tools of their own."""

_ATTACHED: Final = "published"
_COMMENT: Final = (
    "One row; as_of is the newest load that every mart has applied. layout differs if the file has other columns"
    " or comments."
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Form of the file, apart from its rows.

    Attributes:
        kind: Whether the marts are tables or views over Parquet files.
        digest: Hash of all statements that create and describe the marts.
    """

    kind: Literal["tables", "views"]
    digest: str

    def __str__(self) -> str:
        return f"{self.kind} {self.digest}"


def replace_database(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    snapshot: Snapshot,
    readers: Readers,
    *,
    max_portable_bytes: int,
) -> None:
    """Replace the file by that of a version, by one rename; a file with tables that is current stays.

    Args:
        connection: Connection whose memory and threads are used; its databases are only read.
        published: Folder of the file.
        snapshot: Version whose rows the file shows.
        readers: Group that may read the file.
        max_portable_bytes: Size of the version's Parquet files above which the file has views.
    """
    layout = _layout(snapshot, max_portable_bytes)
    database, part = published / DATABASE, published / f".{DATABASE}.part"
    found = _stored(connection, database)
    if layout.kind == "tables" and found == (snapshot.version, str(layout)):
        readers.admit(database)
        return
    try:
        _write(connection, part, snapshot, layout, database, found)
        sync_file(part)
        part.chmod(READ_ONLY)
        readers.admit(part)
        part.replace(database)
    finally:
        _remove(part)
    sync_folder(published)


def _write(  # noqa: PLR0913, PLR0917 - the parts of one file
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    snapshot: Snapshot,
    layout: _Layout,
    database: Path,
    found: tuple[str, str] | None,
) -> None:
    base = _base(snapshot, layout, found)
    if base is not None:
        _remove(part)  # of a publish that was killed
        try:
            clone_file(database, part)
            with attached(connection, part) as cursor:
                if not _is_sparse(cursor):
                    _fill(cursor, snapshot, layout, base)
                    return
        except duckdb.Error as error:
            if damage_fact(error) is None:
                raise  # not the fault of the copied file
    _remove(part)
    with attached(connection, part) as cursor:
        _fill(cursor, snapshot, layout, None)


def _fill(cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, layout: _Layout, base: Snapshot | None) -> None:
    with transaction(cursor):
        if base is None:
            cursor.execute("CREATE SCHEMA marts")
            cursor.execute(f"CREATE SCHEMA {STORAGE_SCHEMA}")
        for mart in PUBLISHED:
            if layout.kind == "tables":
                known = base.marts.get(mart.name, {}) if base else {}
                for statement in change_statements(snapshot, mart, known):
                    cursor.execute(statement)
            for statement in _describing(snapshot, mart, layout.kind):
                cursor.execute(statement)
        cursor.execute(
            "CREATE OR REPLACE TABLE snapshot AS SELECT ?::BIGINT AS as_of, ? AS version,"
            " ?::TIMESTAMPTZ AS published_at, ?::BOOLEAN AS has_personal_data, ? AS layout",
            [snapshot.as_of, snapshot.version, snapshot.published_at, snapshot.has_personal_data, str(layout)],
        )
        cursor.execute(f"COMMENT ON TABLE snapshot IS {literal(_COMMENT)}")


def _describing(snapshot: Snapshot, mart: Mart, kind: str) -> Sequence[str]:
    """Return the statements that create the views of a mart, and comment on what is there."""
    shows = snapshot.has_personal_data
    in_marts = (
        describing_statements(mart, has_personal_data=shows)
        if kind == "tables"
        else view_statements(snapshot, mart)
    )
    return [*in_marts, *main_view_statements(mart, has_personal_data=shows)]


def has_database(
    connection: duckdb.DuckDBPyConnection, published: Path, snapshot: Snapshot, *, max_portable_bytes: int
) -> bool:
    """Return whether the file can be opened and shows this version in the form of `replace_database`."""
    layout = _layout(snapshot, max_portable_bytes)
    return _stored(connection, published / DATABASE) == (snapshot.version, str(layout))


def _layout(snapshot: Snapshot, max_portable_bytes: int) -> _Layout:
    kind: Literal["tables", "views"] = "tables" if snapshot.bytes <= max_portable_bytes else "views"
    # The paths in views differ with each version, so files with views are always replaced.
    statements = [statement for mart in PUBLISHED for statement in _describing(snapshot, mart, kind)]
    return _Layout(kind, hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16])


def _stored(connection: duckdb.DuckDBPyConnection, database: Path) -> tuple[str, str] | None:
    """Return version and layout of the present file; None if an earlier release wrote it or it is damaged."""
    if not database.is_file():
        return None
    try:
        with attached(connection, database, read_only=True) as cursor:
            ((version, layout),) = cursor.execute("SELECT version, layout FROM main.snapshot").fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return None
    except duckdb.Error as error:
        if damage_fact(error) is None:
            raise
        return None
    return version, layout


def _base(snapshot: Snapshot, layout: _Layout, found: tuple[str, str] | None) -> Snapshot | None:
    """Return the version of the present file if a copy of that file is to be changed.

    A file of another published form is not copied: its free space still has values that are not published now.
    """
    if found is None or layout.kind == "views" or not found[1].startswith("tables "):
        return None
    try:
        base = read_snapshot(snapshot.folder.with_name(found[0]))
    except SnapshotDamagedError:
        return None
    has_same_form = (base.has_personal_data, base.key_id) == (snapshot.has_personal_data, snapshot.key_id)
    is_same = base.marts.keys() <= snapshot.marts.keys() and all(
        _forms(months) <= _forms(snapshot.marts[mart]) for mart, months in base.marts.items()
    )
    return base if has_same_form and is_same else None


def _forms(months: Mapping[date, MonthFiles]) -> set[str]:
    return {files.kind.split(":", maxsplit=2)[-1] for files in months.values()}


def _is_sparse(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Return whether more than half of the file is free space, which every copy would have again."""
    ((is_sparse,),) = cursor.execute(
        "SELECT free_blocks > used_blocks FROM pragma_database_size() WHERE database_name = ?", [_ATTACHED]
    ).fetchall()
    return bool(is_sparse)


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor whose default database is a file. At the end of the block the file is complete and closed."""
    options = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'"
    with closing(connection.cursor()) as cursor:
        ((before,),) = cursor.execute("SELECT current_database()").fetchall()
        cursor.execute(f"ATTACH {literal(str(path))} AS {_ATTACHED} ({options})")
        try:
            cursor.execute(f"USE {_ATTACHED}")
            yield cursor
            if not read_only:
                cursor.execute(f"CHECKPOINT {_ATTACHED}")
        finally:
            cursor.execute(f"USE {literal(before)}")
            cursor.execute(f"DETACH {_ATTACHED}")


def _remove(part: Path) -> None:
    for path in (part, part.with_name(f"{part.name}.wal")):
        path.unlink(missing_ok=True)

"""Parquet files of a version: files of unchanged months are linked, a changed month gets delta files.

A published row stays in its file. If the row is deleted later, a file in the folder `deletes` has its tombstone,
and the views join the two (merge-on-read). A month with many tombstones or files is written in full. A hard link
costs nothing and keeps the file as long as any version has it.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.durable_files import hash_file, sync_file, sync_folder
from cdp_etl.marts.engine import state
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.snapshot.manifest import LAYOUT, MonthFiles, Snapshot
from cdp_etl.marts.snapshot.publication import PublishedForm, published_columns

_MAX_DELETED_SHARE = 0.25
"""Tombstones per row of a month; readers read both the tombstones and the rows that these hide."""

_MAX_FILES = 62
"""Files of a month: two a day."""

DELETES = "deletes"
READ_ONLY = 0o400


class Content(NamedTuple):
    """Identity of the content of a month, equal to the first two fields of `MonthFiles`."""

    kind: str
    load_seq: int


@dataclass(frozen=True, slots=True)
class FileWriter:
    """Writer of the files of one version.

    Attributes:
        connection: Connection to the warehouse.
        folder: Folder of the new version.
        as_of: Newest load of the new version.
        previous: Version whose files are linked; None if this warehouse published none.
        form: Published form of the marts.
        min_rows_for_delta: A changed month of fewer rows is written in full, because one file is worth more there.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    as_of: int
    previous: Snapshot | None
    form: PublishedForm
    min_rows_for_delta: int

    def write_mart(self, mart: Mart) -> Mapping[date, MonthFiles]:
        """Write or link all files of a mart; a mart without rows has none."""
        target = self.folder / mart.name
        target.mkdir()
        contents = month_contents(self.connection, mart, self.form)
        months = {month: self._month(mart, month, content) for month, content in contents.items()}
        for folder in (target / DELETES, target):
            if folder.exists():
                sync_folder(folder)
        return months

    def _month(self, mart: Mart, month: date, content: Content) -> MonthFiles:
        known = self.previous.marts.get(mart.name, {}).get(month) if self.previous else None
        if (
            self.previous is None
            or known is None
            or known.kind != content.kind
            or not self.previous.has_files(known)
        ):
            return self._write_in_full(mart, month, content)
        if known.load_seq == content.load_seq:
            self._link(self.previous, known)
            return known
        rows = self._count(mart.storage_table, in_month(mart, month))
        newly_deleted = f"{in_month(mart, month)} AND {DELETED_BY.name} > {self.previous.as_of}"
        deleted_rows = known.deleted_rows + self._count(mart.tombstone_table, newly_deleted)
        is_fragmented = deleted_rows > rows * _MAX_DELETED_SHARE or len(known.data) >= _MAX_FILES
        if rows < self.min_rows_for_delta or is_fragmented:
            return self._write_in_full(mart, month, content)
        self._link(self.previous, known)
        name = f"{_name(month)}.{self.as_of}.parquet"
        data = self._copy(
            mart.storage_table,
            (*mart.stored_columns, WRITTEN_BY),
            f"{in_month(mart, month)} AND {WRITTEN_BY.name} > {self.previous.as_of}",
            self.folder / mart.name / name,
        )
        deletes = self._copy(
            mart.tombstone_table,
            (*mart.tombstone_columns, DELETED_BY),
            newly_deleted,
            self.folder / mart.name / DELETES / name,
        )
        return MonthFiles(
            *content,
            rows,
            known.bytes + sum(path.stat().st_size for path in (*data, *deletes)),
            (*known.data, *map(self._relative, data)),
            (*known.deletes, *map(self._relative, deletes)),
            deleted_rows,
            {**known.hashes, **self._hashes(*data, *deletes)},
        )

    def _write_in_full(self, mart: Mart, month: date, content: Content) -> MonthFiles:
        condition = in_month(mart, month)
        path = self.folder / mart.name / f"{_name(month)}.parquet"
        data = self._copy(mart.storage_table, (*mart.stored_columns, WRITTEN_BY), condition, path)
        size = sum(path.stat().st_size for path in data)
        rows = self._count(mart.storage_table, condition)
        return MonthFiles(*content, rows, size, tuple(map(self._relative, data)), hashes=self._hashes(*data))

    def _copy(self, table: str, columns: tuple[TableColumn, ...], condition: str, path: Path) -> Sequence[Path]:
        """Write the rows that meet the condition; without any there is no file."""
        expressions = ", ".join(
            self.form.expression(column)
            for column in published_columns(columns, has_personal_data=self.form.has_personal_data)
        )
        path.parent.mkdir(exist_ok=True)
        ((rows,),) = self.connection.execute(
            f"COPY (SELECT {expressions} FROM {table} WHERE {condition})"
            f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        if not rows:
            path.unlink()
            return ()
        sync_file(path)
        path.chmod(READ_ONLY)
        return (path,)

    def _count(self, table: str, condition: str) -> int:
        ((rows,),) = self.connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchall()
        return int(rows)

    def _link(self, previous: Snapshot, files: MonthFiles) -> None:
        """Link files of the previous version, or copy them if the file system has no hard links."""
        for path in (*files.data, *files.deletes):
            source, target = previous.folder / path, self.folder / path
            target.parent.mkdir(exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)

    def _hashes(self, *paths: Path) -> Mapping[str, str]:
        return {self._relative(path): hash_file(path) for path in paths}

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def month_contents(
    connection: duckdb.DuckDBPyConnection, mart: Mart, form: PublishedForm
) -> Mapping[date, Content]:
    """Return the identity of the present content of each month of the mart."""
    generation = state.generation_of(connection, mart)
    kind = f"{LAYOUT}:{generation}:{form.kind_of(mart)}"
    return {
        month: Content(kind, load_seq) for month, load_seq in sorted(state.months_of(connection, mart).items())
    }


def _name(month: date) -> str:
    return "all" if month == state.WHOLE_MART else f"{month:%Y-%m}"


def in_month(mart: Mart, month: date) -> str:
    """Return the condition that a row belongs to a month of the published mart."""
    if mart.month_column is None:
        return "true"
    day = quoted(mart.month_column)
    first = f"DATE {literal(str(month))}"
    return f"{day} >= {first} AND {day} < {first} + INTERVAL 1 MONTH"
